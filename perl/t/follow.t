# Following by name: truncation, rotation, and the newest log of a directory.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;

use File::Temp ();
use Records qw(record);
use Test::More;

use Flowd;

my $dir = File::Temp->newdir;

# Writes flows with these octets to a log.
sub put {
	my ($name, $mode, @octets) = @_;

	open my $file, $mode, "$dir/$name" or die "$name: $!";
	binmode $file;
	print $file map { record(Flowd::OCTETS | Flowd::CRC32,
	    pack 'NN', 0, $_) } @octets;
	close $file or die "$name: $!";
	return;
}

sub octets {
	my ($log) = @_;
	my @octets;

	while (my $flow = $log->read_flow) {
		push @octets, $flow->{flow_octets};
	}
	return \@octets;
}

put('a.log', '>', 1, 2);
my @told;
my $log = Flowd->follow("$dir/a.log", on_follow => sub { push @told, [@_] });
is_deeply(octets($log), [1, 2], 'a log is read');
put('a.log', '>', 3);
is_deeply(octets($log), [3], 'a truncated log is read again');
rename "$dir/a.log", "$dir/a.log.1" or die;
put('a.log.1', '>>', 4);
put('a.log', '>', 5);
is_deeply(octets($log), [4, 5], 'a rotated log and its successor');
is_deeply([map { $_->[0] } @told], [qw(begin cut begin)], 'events');
is($log->path, "$dir/a.log", 'the current file');
ok(!$log->ended, 'more can come');

put('b.log', '>', 6);
$log = Flowd->follow("$dir/*.log", new => 1,
    filter => "discard all\naccept all");
is_deeply(octets($log), [], 'only new flows');
put('b.log', '>>', 7);
is_deeply(octets($log), [7], 'a new flow of the newest log');
ok(!eval { Flowd->follow("$dir/none"); 1 }, 'a log that does not exist');
like($@, qr{^cannot open .*/none: }, 'with its name');
ok(!eval { Flowd->follow("$dir/b.log", old => 1); 1 }, 'an unknown option');

put('20261130.log', '>', 8);
$log = Flowd->follow("$dir/20261130.log");
is_deeply(octets($log), [8], 'a log with a date');
put('20261201.log', '>', 9);
for (1 .. 1000) {
	last if $log->ended;
	octets($log);
	select undef, undef, undef, .01;
}
ok($log->ended, 'no more can come after a newer log');

done_testing();
