# Writing logs.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use POSIX qw(setlocale LC_ALL);

use Records qw(record log_of contents scratch %FULL);
use Test::More;

use Flowd;

# libflowd's errors have the texts of the system in the process's locale.
setlocale(LC_ALL, 'C');

# Returns the contents of the log after these calls of write_flow.
sub written {
	my $path = scratch('out');
	my $out = Flowd::Writer->new($path);

	$out->write_flow(@$_) for @_;
	$out->finish;
	return unpack 'H*', contents($path);
}

is(written([$FULL{flow}], [$FULL{flow}, Flowd::ALL]),
    unpack('H*', $FULL{record} x 2), 'every field');
is(written([$FULL{flow}, Flowd::OCTETS]),
    unpack('H*', record(Flowd::OCTETS, pack 'NN', 0x80000000, 1)),
    'the fields of the mask');
is(written([{ flow_octets => 5, fields => Flowd::OCTETS | Flowd::TAG },
    Flowd::ALL & ~Flowd::CRC32]),
    unpack('H*', record(Flowd::OCTETS | Flowd::TAG, pack 'NNN', 0, 0, 5)),
    'the fields that the flow says, where a number may be left out');
is(written([{ src_port => 1, dst_addr => '::1', src_addr => '192.0.2.9',
    tag => undef }, 0xfff]), unpack('H*', record(Flowd::SRC_ADDR4 |
    Flowd::DST_ADDR6 | Flowd::SRCDST_PORT, pack 'C4 x15C nn', 192, 0, 2, 9,
    1, 1, 0)), 'the fields of the keys, where the flow does not say');
is(Flowd::encode($FULL{flow}), $FULL{record}, 'encode');
is(Flowd::encode({ fields => 0 }, 0), record(0, ''), 'a flow without fields');

# The names of the module for Python, and those of JSON.
my %other = (flow_octets => ['octets'], flow_packets => ['packets'],
    if_index_in => ['if_ndx_in'], if_index_out => ['if_ndx_out'],
    time_sec => ['agent_sec'], time_nanosec => ['agent_nsec'],
    netflow_version => ['netflow_ver'], flow_start => ['flow_start_ms'],
    flow_finish => ['flow_finish_ms'], crc => ['crc32']);
for my $name (sort keys %other) {
	for my $other (@{$other{$name}}) {
		my %flow = %{$FULL{flow}};
		$flow{$other} = delete $flow{$name};
		is(Flowd::encode(\%flow), $FULL{record}, "$other is $name");
	}
}

for my $call (sub { Flowd::encode(@_) }, sub { Flowd::format_csv(@_) },
    sub { Flowd::format_json(@_) }, sub { Flowd::start_time(@_) },
    sub { Flowd->format(0, 1, @_) },
    sub { Flowd::Filter->new('')->accepts(@_) }) {
	ok(!eval { $call->({ protocol => 6, octetts => 1 }); 1 } &&
	    $@ =~ /^a flow has no octetts/, 'an unknown name is an error');
}
is(Flowd::encode($FULL{flow}, 0), record(0, ''), 'encode with a mask');

my @wrong = (
	[{ flow_octets => -1 }, qr/^flow_octets is no integer from 0 to 18446/],
	[{ flow_octets => '18446744073709551616' }, qr/^flow_octets is no/],
	[{ flow_packets => 1.5 }, qr/^flow_packets is no integer/],
	[{ flow_packets => '' }, qr/^flow_packets is no integer/],
	[{ protocol => 256 }, qr/^protocol is no integer from 0 to 255: 256/],
	[{ src_port => 65536 }, qr/^src_port is no integer from 0 to 65535/],
	[{ tag => 4294967296 }, qr/^tag is no integer from 0 to 4294967295/],
	[{ src_addr => '192.0.2' }, qr/^src_addr is no address: 192\.0\.2 at/],
	[{ fields => Flowd::SRC_ADDR4 }, qr/address that src_addr is not/],
	[{ fields => Flowd::SRC_ADDR4, src_addr => '::1' },
	    qr/address that src_addr is not/],
	[{ octetts => 1 }, qr/^a flow has no octetts at/],
	[{ flow_octets => 1, "tag\0" => 1 }, qr/^a flow has no tag/],
	[{ src_addr => '::1', srcaddr => '::1' }, qr/^a flow has no srcaddr/],
	[{ octets => 1, flow_octets => 1 },
	    qr/^flow_octets and octets are names of the same value/],
	[{ if_ndx_in => 4294967296 }, qr/^if_ndx_in is no integer from 0/],
	[{ recv_time => 1 }, qr/^a flow has no recv_time/],
	[{}, qr/^the flow has no values/],
	[{ flow_octets => undef }, qr/^the flow has no values/],
	['flow', qr/^a flow has to be a reference to a hash/],
	[undef, qr/^a flow has to be/],
);
my $out = Flowd::Writer->new(scratch('wrong'));
for (@wrong) {
	my ($flow, $message) = @$_;

	ok(!eval { $out->write_flow($flow); 1 }, 'refused: ' . $message);
	like($@, $message, 'with the reason');
}
$out->finish;
is(contents(scratch('wrong')), '', 'nothing was written of these');
ok(!eval { $out->write_flow({}); 1 } && $@ =~ /wrong: the log is finished/,
    'nothing is written to a log that is finished');

# Larger than the buffer.
my @octets = map { 18446744073709551615 - $_ } 1 .. 20000;
$out = Flowd::Writer->new(scratch('large'));
$out->write_flow({ flow_octets => $_ }) for @octets;
undef $out;
my $log = Flowd->new(scratch('large'));
my $equal = 0;
for (@octets) {
	$equal += $log->read_flow->{flow_octets} eq $_;
}
is($equal, 20000, 'letting go of a log writes all of it');

$out = Flowd::Writer->new(scratch('flushed'));
$out->write_flow($FULL{flow});
is(-s scratch('flushed'), 0, 'records are buffered');
$out->flush;
is(-s scratch('flushed'), length $FULL{record}, 'until it is flushed');
$out->write_flow($FULL{flow});
if (!defined(my $pid = fork)) {
	die "cannot fork: $!";
} elsif ($pid == 0) {
	undef $out;
	require POSIX;
	POSIX::_exit(0);
} else {
	waitpid $pid, 0;
}
is(-s scratch('flushed'), length $FULL{record},
    'another process does not write what waits here');
$out->finish;
is(-s scratch('flushed'), 2 * length $FULL{record}, 'which is written once');

ok(!eval { Flowd::Writer->new(scratch('no/dir')); 1 } &&
    $@ =~ m{^cannot write .*no/dir: No such file}, 'a path that cannot be');
for my $suffix (qw(gz xz zst bz2)) {
	my $path = scratch("compressed.$suffix");

	ok(!eval { Flowd::Writer->new($path); 1 } &&
	    $@ =~ /^cannot write .*\.$suffix: logs are written uncompressed/ &&
	    !-e $path, "no path of a compressed log: $suffix");
}
SKIP: {
	skip 'there is no /dev/full', 2 if !-c '/dev/full';
	$out = Flowd::Writer->new('/dev/full');
	$out->write_flow($FULL{flow});
	ok(!eval { $out->finish; 1 } &&
	    $@ =~ m{^cannot write /dev/full: No space}, 'a full disk');
	my $warning = '';
	local $SIG{__WARN__} = sub { $warning = $_[0] };
	$out = Flowd::Writer->new('/dev/full');
	$out->write_flow($FULL{flow});
	undef $out;
	like($warning, qr{^cannot write /dev/full: No space},
	    'warns when it is let go of');
}

done_testing();
