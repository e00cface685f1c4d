# The names of flowd 0.9, as scripts from its time use them.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;

use Records qw(log_of %FULL);
use Test::More;

use Flowd;

my $path = log_of('old', $FULL{record} x 2);

is('version ' . Flowd::VERSION . '.', "version $Flowd::VERSION.",
    'the version is a constant');
is(Flowd->VERSION, $Flowd::VERSION, 'and a method');
ok(eval { Flowd->VERSION('0.9'); 1 }, 'of a version that suffices');
ok(!eval { Flowd->VERSION('99'); 1 } && $@ =~ /version 99 required/,
    'and of one that is too new');

is(Flowd::header_length(), 8, 'header_length');
open my $file, '<:raw', $path or die;
read $file, my $header, Flowd::header_length() or die;
read $file, my $rest, Flowd::flow_length($header) or die;
is(length($header . $rest), length $FULL{record}, 'flow_length');
is_deeply(Flowd::deserialise($header . $rest), $FULL{flow}, 'deserialise');
is_deeply(Flowd::deserialise($header, $rest), $FULL{flow},
    'deserialise of two parts');
ok(!eval { Flowd::flow_length('x') } && $@ =~ /^cannot decode the header/,
    'flow_length of no header');

my $log = Flowd->new($path);
is(-s $log->{handle}, 2 * length $FULL{record}, 'the handle of a log');
is($log->{filename}, undef, 'there are no other keys');
$log->read_flow;
is($log->init($path), $log, 'init');
my $flows = 0;
while (my $flow = $log->read_flow) {
	$flows += $flow->{fields} == $FULL{flow}{fields};
	like($log->format(Flowd::BRIEF, 1, $flow), qr/^FLOW tag 7 recv_time/,
	    'format');
}
is($flows, 2, 'reads from the beginning again');
$log->finish;
is($log->{handle}, undef, 'a log that is finished has no handle');
ok($log && $log == $log && "$log" =~ /^Flowd=/, 'a log is a usual object');

done_testing();
