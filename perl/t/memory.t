# Used memory is freed.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;

use Records qw(log_of scratch %FULL);
use Test::More;

use Flowd;

# Returns the KiB in use, from /proc.
sub memory {
	open my $status, '<', "/proc/$$/status" or return;
	local $/;
	my ($size) = <$status> =~ /^VmRSS:\s*(\d+) kB/m;
	return $size;
}

plan skip_all => 'there is no /proc to see memory in' if !defined memory();

my $good = log_of('good', $FULL{record} x 4);
my $damaged = log_of('damaged', $FULL{record}, "\xff" x 64, $FULL{record});

sub copies {
	my $log = Flowd->new($good);
	my $out = Flowd::Writer->new(scratch('out'));

	while (my $flow = $log->read_flow) {
		$out->write_flow($flow);
	}
	return;
}

sub failures {
	my $log = Flowd->new($damaged);

	$log->read_flow;
	eval { $log->read_flow };
	eval { Flowd->new(scratch('none')) };
	eval { Flowd->new($damaged, legacy => 1) };
	eval { Flowd::Writer->new(scratch('no/dir')) };
	eval { Flowd::encode({ src_addr => 'x' }) };
	eval { Flowd::decode('x') };
	eval { Flowd::Filter->new('accept acept') };
	eval { Flowd->new($good, filter => 'x') };
	return;
}

sub filters {
	my $filter = Flowd::Filter->new('accept tag 1 all');
	my $log = Flowd->new($good, filter => $filter);

	while (my $flow = $log->read_flow) {
		$filter->accepts($flow);
	}
	return;
}

sub recovery {
	my $log = Flowd->new($damaged, recover => sub { });

	while (my $flow = $log->read_flow) {
		Flowd->format(Flowd::ALL, 0, $flow);
		Flowd::decode(Flowd::encode($flow));
	}
	$log = Flowd->new($damaged, recover => sub { die });
	eval { 1 while $log->read_flow };
	return;
}

my %steps = (copying => \&copies, failing => \&failures,
    recovering => \&recovery, filtering => \&filters);
for my $name (sort keys %steps) {
	$steps{$name}->() for 1 .. 500;
	my $before = memory();
	$steps{$name}->() for 1 .. 4000;
	cmp_ok(memory() - $before, '<', 128, "$name frees its memory");
}

done_testing();
