# Damaged logs: reading dies, or continues after the damage.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;

use Records qw(record log_of);
use Test::More;

use Flowd;

# Records of 20 bytes with a checksum, the second of which is damaged.
my @records = map { record(Flowd::OCTETS | Flowd::CRC32, pack 'NN', 0, $_) }
    1 .. 3;
substr($records[1], 12, 1) ^= "\1";
my $path = log_of('damaged', @records);

my $log = Flowd->new($path);
is($log->read_flow->{flow_octets}, 1, 'the flow before the damage');
for my $time (qw(first second)) {
	ok(!eval { $log->read_flow; 1 }, "reading dies a $time time");
	is($@, "$path: offset 20: checksum mismatch at $0 line " .
	    (__LINE__ - 2) . ".\n", 'with file and offset');
}

sub octets {
	my ($recovering) = @_;
	my @octets;

	while (my $flow = $recovering->read_flow) {
		push @octets, $flow->{flow_octets};
	}
	return \@octets;
}

my @told;
is_deeply(octets(Flowd->new($path, recover => sub { push @told, [@_] })),
    [1, 3], 'recovery has the flows around it');
is_deeply(\@told, [[20, 20, 'checksum mismatch']], 'and reports the loss');

my $warning = '';
{
	local $SIG{__WARN__} = sub { $warning .= $_[0] };
	is_deeply(octets(Flowd->new($path, recover => 1)), [1, 3],
	    'without a sub that receives reports');
}
like($warning, qr/^\Q$path\E: offset 20: 20 damaged bytes are left out: /,
    'it warns');

$log = Flowd->new($path, recover => sub { die "enough\n" });
$log->read_flow;
ok(!eval { $log->read_flow; 1 } && $@ eq "enough\n", 'the sub may die');
is($log->read_flow, 0, 'and reading may continue');

$log = Flowd->new($path, recover => sub { $log->finish });
is_deeply(octets($log), [1], 'the sub may finish the log');
$log = Flowd->new($path, recover => sub { undef $log });
$log->read_flow;
is($log->read_flow->{flow_octets}, 3, 'or drop it');

@told = ();
$log = Flowd->new($path, offset => 40, recover => sub { push @told, @_ });
is_deeply(octets($log), [3], 'after the damage');
is_deeply(\@told, [], 'there is none');

# A log that grows ends inside a record until the rest is written.
@told = ();
$log = Flowd->new(log_of('growing', $records[0], substr $records[2], 0, 9),
    recover => sub { push @told, [@_] });
is_deeply(octets($log), [1], 'the flow before a torn end');
ok($log->torn, 'which is torn');
is_deeply(\@told, [[20, 9, 'the log ends inside a record']], 'and reported');
$log = Flowd->new(log_of('junk', $records[0], "\xff" x 9),
    recover => sub { });
is_deeply(octets($log), [1], 'the flow before junk');
ok(!$log->torn, 'which is not a torn record');

done_testing();
