#!/usr/bin/env perl
# flowd-wormsuspects: lists the sources that open most flows to one port, as
# worms do.
#
# This is the algorithm of Misra and Gries.  The table has a limited size.  A
# new tuple for which it has no room reduces each of its counts by one.  So a
# count is never too high, and too low by no more than the number of such
# tuples.

use strict;
use warnings;

use Flowd;
use Flowd::Program;

my $NAME = 'flowd-wormsuspects';
my $USAGE = <<'TEXT';
usage: flowd-wormsuspects [-RVh] [-k tuples] [-n lines] log ...
  -h, --help     print this help
  -k tuples      count at most this number of tuples at a time (100000)
  -n lines       print at most this number of tuples (20)
  -R             recover: skip damage and read the rest
  -V, --version  print version
TEXT

my $FIELDS = Flowd::SRCDST_PORT | Flowd::PROTO_FLAGS_TOS;
my %opt = Flowd::Program::options($NAME, $USAGE, qw(R k=s n=s));
my %count;				# of flows, by "source protocol port"
my ($flows, $other, $missed) = (0, 0, 0);
my $status = 0;

sub complain {
	my ($message) = @_;

	print STDERR "$NAME: $message\n";
	return;
}

# Reduces each count by one, for a tuple that has no room.
sub make_room {
	$missed++;
	for my $tuple (keys %count) {
		delete $count{$tuple} if --$count{$tuple} == 0;
	}
	return;
}

sub count_flow {
	my ($flow) = @_;

	$flows++;
	if (($flow->{fields} & $FIELDS) != $FIELDS ||
	    !defined $flow->{src_addr}) {
		$other++;
		return;
	}
	my $tuple = "$flow->{src_addr} $flow->{protocol} $flow->{dst_port}";
	if (exists $count{$tuple} || keys %count < $opt{k}) {
		$count{$tuple}++;
	} else {
		make_room();
	}
	return;
}

sub read_log {
	my ($name) = @_;
	my $log = Flowd->new($name, recover => $opt{R} && sub {
		my ($offset, $length, $reason) = @_;
		$reason = "$length damaged bytes are left out: $reason"
		    if $length;
		complain("$name: offset $offset: $reason");
		$status ||= 3;
	    });

	while (my $flow = $log->read_flow) {
		count_flow($flow);
	}
	return;
}

sub print_suspects {
	my @tuples = sort { $count{$b} <=> $count{$a} || $a cmp $b }
	    keys %count;

	splice @tuples, $opt{n} if @tuples > $opt{n};
	print "# $flows flows";
	print ", of which $other without source, protocol or port" if $other;
	print $missed ? "; each count may be low by up to $missed\n" :
	    "; counts are exact\n";
	printf "%12s %5s %5s  %s\n", qw(flows proto port source);
	for my $tuple (@tuples) {
		my ($source, $protocol, $port) = split ' ', $tuple;
		printf "%12d %5d %5d  %s\n", $count{$tuple}, $protocol, $port,
		    $source;
	}
	return;
}

Flowd::Program::misused($NAME, $USAGE, 'no log given') if @ARGV == 0;
$opt{k} //= 100_000;
$opt{n} //= 20;
for my $option (qw(k n)) {
	next if $opt{$option} =~ /^[1-9][0-9]{0,8}$/;
	complain("-$option $opt{$option}: expected a number from 1 to " .
	    '999999999');
	exit 1;
}
for my $name (@ARGV) {
	next if eval { read_log($name); 1 };
	complain($@ =~ s/ at \S+ line \d+\.$//r =~ s/\n//r);
	$status = 1;
}
print_suspects();
close STDOUT or die "cannot write to standard output: $!\n";
exit $status;
