# Rules.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;

use Records qw(record log_of scratch %FULL);
use Test::More;

use Flowd;

# Whether the rules accept a flow, and its tag.
sub verdict {
	my ($rules, $flow) = @_;

	return [!!Flowd::Filter->new($rules)->accepts($flow), $flow->{tag}];
}

sub refused {
	my ($call, $message, $name) = @_;

	ok(!eval { $call->(); 1 }, "$name: refused");
	like($@, $message, "$name: with the reason");
	return;
}

my %flow = (src_addr => '192.0.2.1', flow_octets => 5);
is_deeply(verdict('', { %flow }), [1, undef], 'no rules accept all flows');
is_deeply(verdict("discard all\naccept src 192.0.2.0/24 octets > 4\n",
    { %flow }), [1, undef], 'the last rule decides');
is_deeply(verdict("accept all\ndiscard octets 5", { %flow }), ['', undef],
    'a flow is refused');
is_deeply(verdict('accept tag 9 inet', { %flow }), [1, 9], 'a rule tags');
my $tagged = { %{$FULL{flow}}, fields => Flowd::OCTETS };
is_deeply(verdict('accept tag 9 all', $tagged), [1, 9], 'a read flow, too');
is($tagged->{fields}, Flowd::OCTETS | Flowd::TAG, 'and fields has the tag');
is_deeply(verdict('accept all', { %flow, tag => 3 }), [1, 3],
    'a tag stays without another');

my $path = log_of('numbered', map { record(Flowd::OCTETS, pack 'NN', 0, $_) }
    1 .. 100);
my $log = Flowd->new($path, filter => "discard all\naccept octets 98-99\n");
is($log->read_flow->{flow_octets}, 98, 'a log with rules');
is($log->read_flow->{flow_octets}, 99, 'has flows that they accept');
is($log->read_flow, 0, 'and no others');
$log = Flowd->new($path, filter => Flowd::Filter->new('accept tag 4 all'));
is($log->read_flow->{tag}, 4, 'rules tag the flows of a log');

is(Flowd::Filter->new('')->store_mask, Flowd::ALL, 'all fields are stored');
is(Flowd::Filter->new("store OCTETS\nstore TAG")->store_mask,
    Flowd::OCTETS | Flowd::TAG, 'or those of store');

my $secret = log_of('secret', "password\n");
my $rules = log_of('rules', "table <t> file \"secret\"\naccept all\n");
refused(sub { Flowd::Filter->new("foo\naccept bar") },
    qr/^filter:1: .*foo.*\nfilter:2: .* at \Q$0\E line/, 'two errors');
refused(sub { Flowd::Filter->new('foo', name => 'mine') }, qr/^mine:1: /,
    'a name');
for my $text ("include \"$secret\"", "table <t> file \"$secret\"") {
	refused(sub { Flowd::Filter->new($text) }, qr/cannot read files at/,
	    'a file');
	unlike($@, qr/password/, 'which is not shown');
	refused(sub { Flowd->new($path, filter => $text) },
	    qr/cannot read files at/, 'a file for a log');
	refused(sub { Flowd::Filter->new($text, files => 1) }, qr/password/,
	    'with files it is read');
}
refused(sub { Flowd::Filter->load($rules) }, qr/secret:1: .*password/,
    'load reads files beside the rules');
log_of('secret', "192.0.2.0/24\n");
ok(Flowd::Filter->load($rules)->accepts({}), 'load');
refused(sub { Flowd::Filter->load(scratch('none')) },
    qr/none: No such file or directory at \Q$0\E/, 'no such file');
refused(sub { Flowd::Filter->new }, qr/needs rules/, 'no rules');
refused(sub { Flowd::Filter->new('', nmae => 1) }, qr/no option nmae/,
    'an unknown option');
refused(sub { Flowd::Filter->new('')->accepts('x') }, qr/has to be a ref/,
    'no flow');
refused(sub { Flowd->new($path, filter => []) }, qr/this is no Flowd::Filter/,
    'no filter');

done_testing();
