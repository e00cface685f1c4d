# Flows and times as text.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;

use POSIX qw(tzset);
use Records qw(%FULL);
use Test::More;

use Flowd;

$ENV{TZ} = 'IST-5:30';
tzset();
my $crc = sprintf '%08x', $FULL{flow}{crc};

is(Flowd->format(Flowd::ALL, 1, $FULL{flow}),
    'FLOW tag 7 recv_time 2023-11-14T22:13:20.080160 proto 6 tcpflags 1b ' .
    'tos 08 agent [192.0.2.1] src [2001:db8::1]:443 dst [2001:db8::2]:50000 ' .
    'gateway [2001:db8::3] packets 18446744073709551615 ' .
    'octets 9223372036854775809 in_if 1 out_if 4294967295 ' .
    'sys_uptime_ms 1h0s.000 time_sec 2023-11-14T22:13:19 time_nanosec 5 ' .
    'netflow ver 9 flow_start 59m50s.000 flow_finish 59m59s.999 ' .
    'src_AS 64500 src_masklen 48 dst_AS 4200000000 dst_masklen 64 ' .
    "engine_type 8 engine_id 9 seq 99 source 4 crc32 $crc ", 'all fields');
is(Flowd->format(Flowd::BRIEF, 0, $FULL{flow}),
    'FLOW tag 7 recv_time 2023-11-15T03:43:20.080160 proto 6 tcpflags 1b ' .
    'tos 08 agent [192.0.2.1] src [2001:db8::1]:443 dst [2001:db8::2]:50000 ' .
    'packets 18446744073709551615 octets 9223372036854775809 ',
    'the fields that are shown without -v, in local time');
is(Flowd->format(Flowd::ALL, 1, { flow_octets => 5 }), 'FLOW octets 5 ',
    'a flow that was not read');
is(Flowd->format(Flowd::ALL, 1, {}), 'FLOW ', 'nothing');

is(Flowd::csv_header() =~ tr/,//, 23, 'a header of 24 columns');
is(Flowd::format_csv($FULL{flow}), '1699999999,5,3600000,192.0.2.1,' .
    '18446744073709551615,9223372036854775809,3590000,3599999,8,9,' .
    '2001:db8::1,2001:db8::2,2001:db8::3,1,4294967295,443,50000,6,8,27,' .
    '48,64,64500,4200000000', 'CSV');
is(Flowd::format_json({ tag => 1, flow_octets => '18446744073709551615' }),
    '{"tag":1,"octets":18446744073709551615}', 'JSON');
is(Flowd::format_json({ recv_sec => 0, recv_usec => 1 }, 1),
    '{"recv_time":"1970-01-01T00:00:00.000001+00:00"}', 'JSON in UTC');

is(Flowd::iso_time(0, 1), '1970-01-01T00:00:00', 'a time in UTC');
is(Flowd::iso_time(0), '1970-01-01T05:30:00', 'and in local time');
is(Flowd::iso_time(4294967295, 1), '2106-02-07T06:28:15', 'the last time');
is(Flowd::interval_time(694861), '1w1d1h1m1s', 'an interval');
is(Flowd::interval_time(0), '0s', 'none');
is(Flowd::interval_time_ms(3600005), '1h0s.005', 'one of milliseconds');
ok(!eval { Flowd::iso_time(-1); 1 } && $@ =~ /^the time is no integer/,
    'a time before the epoch');

is(Flowd::BRIEF, 0x39ff, 'BRIEF');
is(Flowd::ALL, 0x4007ffff, 'ALL');
is(Flowd::CRC32, 1 << 30, 'CRC32');
is(Flowd::SRCDST_ADDR, Flowd::SRC_ADDR4 | Flowd::SRC_ADDR6 |
    Flowd::DST_ADDR4 | Flowd::DST_ADDR6, 'SRCDST_ADDR');

done_testing();
