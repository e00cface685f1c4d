package Flowd::Program;

# Options that flowd's programs in Perl share.  For these programs only.

use 5.014;
use strict;
use warnings;

use Getopt::Long ();

use Flowd;

# Prints text and ends the program, with an error unless all was written.
sub _show {
	my ($name, $text) = @_;

	print $text;
	exit 0 if close STDOUT;
	print STDERR "$name: cannot write to standard output: $!\n";
	exit 1;
}

sub _version {
	my ($name) = @_;
	my ($loaded, $built) = Flowd::_zlib_versions();
	my $zlib = $loaded eq $built ? $loaded : "$loaded, built with $built";

	return "$name $Flowd::VERSION\nzlib: $zlib\nlicence: ISC\n";
}

# misused: reports a wrong command line with the usage message, and exits.
sub misused {
	my ($name, $usage, $message) = @_;

	print STDERR "$name: $message\n$usage";
	exit 1;
}

# options: removes options from @ARGV and returns them by letter.  Each is a
# letter, with "=s" where it has an argument.  -h, --help, -V, --version and
# wrong options end the program.
sub options {
	my ($name, $usage, @options) = @_;
	my $parser = Getopt::Long::Parser->new(config =>
	    [qw(bundling no_auto_abbrev no_ignore_case require_order)]);
	my (%opt, $error);

	# SIGPIPE ends the program without a message when the reader of a pipe
	# has ended; the parent process may have ignored it.
	$SIG{PIPE} = 'DEFAULT';
	local $SIG{__WARN__} = sub { $error //= lcfirst $_[0] =~ s/\n//r };
	$parser->getoptions(\%opt, @options,
	    'h|help' => sub { _show($name, $usage) },
	    'V|version' => sub { _show($name, _version($name)) })
	    or misused($name, $usage, $error);
	return %opt;
}

1;
