# Reading logs.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;

use IO::Compress::Gzip qw(gzip);
use Records qw(record log_of contents scratch %FULL);
use Test::More;

use Flowd;

# Returns the octets of each remaining flow of a log.
sub octets {
	my ($log) = @_;
	my @octets;

	while (my $flow = $log->read_flow) {
		push @octets, $flow->{flow_octets};
	}
	return \@octets;
}

# Records of 16 bytes, which are numbered from 1.
sub numbered {
	return map { record(Flowd::OCTETS, pack 'NN', 0, $_) } 1 .. $_[0];
}

my $log = Flowd->new(log_of('full', $FULL{record}));
is_deeply($log->read_flow, $FULL{flow}, 'every field, with its key');
is($log->offset, 0, 'the offset of the first record');
is($log->read_flow, 0, 'then the end');
is($log->read_flow, 0, 'and again');
is($log->offset, length $FULL{record}, 'the offset of the end');
ok(!$log->torn, 'which is between records');
$log->finish;
ok(!eval { $log->read_flow; 1 } && $@ =~ /full: the log is finished/,
    'nothing is read of a log that is finished');

$log = Flowd->new(log_of('none', record(0, '')));
is_deeply($log->read_flow, { fields => 0, flow_ver => 0x60 },
    'a flow without fields has no other keys');

my $bytes = join '', numbered(3);
my $plain = log_of('plain', $bytes);
gzip(\$bytes, \my $compressed);
my $gzip = log_of('gzip', $compressed);
for my $path ($plain, $gzip) {
	is_deeply(octets(Flowd->new($path)), [1, 2, 3], "all of $path");
	for my $begin (0 .. 3) {
		$log = Flowd->new($path, offset => 16 * $begin);
		is_deeply(octets($log), [$begin + 1 .. 3],
		    "flows after the first $begin");
		is($log->offset, 48, 'and the offset of the end');
	}
	$log = Flowd->new($path, offset => 16);
	$log->read_flow;
	is($log->offset, 16, 'offsets count from the beginning');
}

open my $handle, '<', $plain or die;
is_deeply(octets(Flowd->new($handle)), [1, 2, 3], 'a handle');
seek $handle, 0, 0;
read $handle, my $first, 16;
$log = Flowd->new($handle);
is($log->read_flow->{flow_octets}, 2, 'a handle is read from where it is');
is($log->offset, 16, 'and offsets are those of its file');
$log->finish;
ok(close $handle, 'it stays open');

open my $pipe, '-|', 'cat', $plain or die;
is_deeply(octets(Flowd->new($pipe)), [1, 2, 3], 'a pipe');
open $pipe, '-|', 'cat', $plain or die;
is_deeply(octets(Flowd->new($pipe, offset => 32)), [3],
    'a pipe from an offset');

open my $stdin, '<&', \*STDIN or die;
open STDIN, '<', $plain or die;
is_deeply(octets(Flowd->new('-')), [1, 2, 3], 'standard input');
open STDIN, '<&', $stdin or die;

is(Flowd->new(log_of('empty'))->read_flow, 0, 'an empty log');

$log = Flowd->new(log_of('torn', substr $bytes, 0, 40));
is_deeply(octets($log), [1, 2], 'a log that ends inside a record');
ok($log->torn, 'is torn');
is($log->offset, 32, 'after the last whole one');
log_of('torn', $bytes);
$log = Flowd->new(scratch('torn'), offset => $log->offset);
is_deeply(octets($log), [3], 'and is read on from there when it has grown');

is_deeply(Flowd::decode($FULL{record}), $FULL{flow}, 'decode');
is(sprintf('%.6f', Flowd::recv_time($FULL{flow})), '1700000000.080160',
    'time of receipt');
is(sprintf('%.3f', Flowd::export_time($FULL{flow})), '1699999999.000',
    'time of export');
is(sprintf('%.3f', Flowd::start_time($FULL{flow})), '1699999989.000', 'start');
is(sprintf('%.3f', Flowd::end_time($FULL{flow})), '1699999998.999', 'end');
is(sprintf('%.3f', Flowd::start_time({ sys_uptime_ms => 500, time_sec => 100,
    flow_start => 4294966796 })), '99.000', 'over a wrap of the uptime');
is(sprintf('%.3f', Flowd::start_time({ sys_uptime_ms => 5500, time_sec => 1,
    flow_start => 0 })), '-4.500', 'before the epoch');
for my $flow ({ flow_start => 1 }, { time_sec => 1 }, {}) {
	is(Flowd::end_time($flow), undef, 'no end without its fields');
}
for my $bad ('', substr($FULL{record}, 0, -1), "$FULL{record}\0") {
	ok(!eval { Flowd::decode($bad); 1 }, 'decode refuses ' . length $bad);
}

# A log of version 2: its header, and a flow with a tag.
my $legacy = log_of('legacy', pack 'NNNN NN', 0x012cf047, 2, 1000000000, 0,
    1, 7);
$log = Flowd->new($legacy, legacy => 1);
is($log->start_sec, 1000000000, 'when a log of version 2 was started');
is($log->read_flow->{tag}, 7, 'and its flow');
$log = Flowd->new($legacy);
ok(!eval { $log->read_flow; 1 } && $@ =~ /legacy: a log of version 2/,
    'an option is necessary to read it');

ok(!eval { Flowd->new($plain, offest => 1) } && $@ =~ /no option offest/,
    'an option that there is not');
ok(!eval { Flowd->new($plain, 'recover') } && $@ =~ /as NAME => VALUE/,
    'an option without a value');
ok(!eval { Flowd->new(scratch('missing')) } &&
    $@ =~ /missing: No such file or directory at \Q$0\E/,
    'a log that is not there');
ok(!eval { Flowd->new } && $@ =~ /needs a log/, 'no log');
open my $memory, '<', \$bytes or die;
ok(!eval { Flowd->new($memory) } && $@ =~ /no descriptor/,
    'a handle without a descriptor');
ok(!eval { Flowd::read_flow({}) } && $@ =~ /no Flowd/, 'no log at all');

done_testing();
