#!/usr/bin/env perl
# Prints flow logs as flowd-reader does, by the module Flowd.

use strict;
use warnings;

use Flowd;
use Flowd::Program;

my $NAME = 'reader.pl';
my $USAGE = <<'TEXT';
usage: reader.pl [-JLRUVchqv] [-H n] log ...
  -H n           read the first n flows of each log
  -J             print JSON, one object a line
  -L             read logs of version 2, from before flowd 0.9
  -R             recover: skip damage and read the rest
  -U             show times in UTC
  -V, --version  print version
  -c             print flow-tools CSV
  -h, --help     print this help
  -q             print no flows
  -v             print all fields, and the name of each log
A log may be compressed by gzip, xz, zstd or bzip2; "-" is standard input.
TEXT

my %opt = Flowd::Program::options($NAME, $USAGE, qw(H=s J L R U c q v));

# The text of one flow, in the format of the options.
sub text_of {
	my ($flow) = @_;

	return Flowd::format_csv($flow) if $opt{c};
	return Flowd::format_json($flow, $opt{U}) if $opt{J};
	return Flowd->format($opt{v} ? Flowd::ALL : Flowd::BRIEF, $opt{U},
	    $flow);
}

# Messages and flows come in order, even where they go to the same file.
sub say_on_stderr {
	my ($message) = @_;

	STDOUT->flush;
	print STDERR "$NAME: $message\n";
	return;
}

sub print_log {
	my ($name, $status) = @_;
	my $log = Flowd->new($name, legacy => $opt{L},
	    recover => $opt{R} && sub {
		my ($offset, $length, $reason) = @_;
		$reason = "$length damaged bytes are left out: $reason"
		    if $length;
		say_on_stderr("$name: offset $offset: $reason");
		$$status ||= 3;
	    });
	my $left = $opt{H} // -1;

	if ($opt{v} && !$opt{q} && !$opt{c} && !$opt{J}) {
		my $start = $opt{L} ? ' started at ' .
		    Flowd::iso_time($log->start_sec, $opt{U}) : '';
		print "LOGFILE $name$start\n";
	}
	while ($left-- != 0 && (my $flow = $log->read_flow)) {
		print text_of($flow), "\n" if !$opt{q};
	}
	if ($log->torn) {
		say_on_stderr("$name: offset " . $log->offset .
		    ': the log ends inside a record, which is left out');
	}
	return;
}

Flowd::Program::misused($NAME, $USAGE, 'no log given') if @ARGV == 0;
Flowd::Program::misused($NAME, $USAGE, "-H $opt{H}: not a number from 1 on")
    if defined $opt{H} && $opt{H} !~ /^[1-9][0-9]*$/;
my $status = 0;
print Flowd::csv_header(), "\n" if $opt{c} && !$opt{q};
for my $name (@ARGV) {
	next if eval { print_log($name, \$status); 1 };
	say_on_stderr($@ =~ s/ at \S+ line \d+\.$//r =~ s/\n//r);
	$status = 1;
}
close STDOUT or die "cannot write to standard output: $!\n";
exit $status;
