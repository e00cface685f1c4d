package Flowd;

use 5.014;
use strict;
use warnings;

use Carp ();
use Fcntl ();
use XSLoader;

our $VERSION = '1.0.0';

XSLoader::load('Flowd', $VERSION);

# $log->{handle}, as in flowd 0.9.  Other keys do not exist.
use overload '%{}' => sub { return { handle => $_[0]->_handle } },
    fallback => 1;

# The constant of flowd 0.9, and the method that "use Flowd 1.0" calls.
sub VERSION() {
	return @_ > 1 ? UNIVERSAL::VERSION(@_) : $VERSION;
}

# A new thread must not free the logs and rules of its parent.
sub CLONE_SKIP { return 1 }
sub Flowd::Writer::CLONE_SKIP { return 1 }
sub Flowd::Filter::CLONE_SKIP { return 1 }

# Returns named arguments as a hash.  Dies of other names than those in @known.
sub _options {
	my ($function, $given, @known) = @_;

	Carp::croak("$function needs options as NAME => VALUE") if @$given % 2;
	my %options = @$given;
	for my $name (sort keys %options) {
		Carp::croak("$function has no option $name")
		    if !grep { $_ eq $name } @known;
	}
	return %options;
}

sub new {
	my ($class, $log, @options) = @_;

	Carp::croak('Flowd->new needs a log') if !defined $log;
	my %options = _options('Flowd->new', \@options,
	    qw(filter legacy name offset recover));
	my $filter = $options{filter};
	$filter = Flowd::Filter->new($filter) if defined $filter && !ref $filter;
	my ($name, $handle) = _opened($log);
	return $class->_open($options{name} // $name, $handle, fileno $handle,
	    $options{offset} // 0, $options{recover}, $options{legacy},
	    $filter);
}

sub follow {
	my ($class, $path, @options) = @_;

	Carp::croak('Flowd->follow needs a path') if !defined $path;
	my %options = _options('Flowd->follow', \@options,
	    qw(filter new on_follow recover));
	my $filter = $options{filter};
	$filter = Flowd::Filter->new($filter) if defined $filter && !ref $filter;
	return $class->_follow($path, $options{new}, $options{on_follow},
	    $options{recover}, $filter);
}

# Makes an object that exists read another log, as in flowd 0.9.
sub init {
	my ($self, $log, @options) = @_;
	my $new = ref($self)->new($log, @options);

	($$self, $$new) = ($$new, $$self);
	return $self;
}

# decode() of flowd 0.9; the header and the rest may be two arguments.
sub deserialise {
	return decode(join '', @_);
}

sub Flowd::Filter::new {
	my ($class, $rules, @options) = @_;

	Carp::croak('Flowd::Filter->new needs rules') if !defined $rules;
	my %options = _options('Flowd::Filter->new', \@options,
	    qw(files name));
	my ($filter, $error) = $class->_compile($rules,
	    $options{name} // 'filter', $options{files});
	return $filter // Carp::croak($error);
}

sub Flowd::Filter::load {
	my ($class, $path) = @_;

	Carp::croak('Flowd::Filter->load needs a path') if !defined $path;
	my ($filter, $error) = $class->_load($path);
	return $filter // Carp::croak($error);
}

# Returns the name of a log for messages, and a handle that has a descriptor.
sub _opened {
	my ($log) = @_;

	return ('standard input', \*STDIN) if $log eq '-';
	if (!ref $log && ref \$log ne 'GLOB') {
		open my $handle, '<:raw', $log
		    or Carp::croak("cannot open $log: $!");
		return ($log, $handle);
	}
	my $number = fileno $log;
	Carp::croak('this handle has no descriptor')
	    if !defined $number || $number < 0;
	# Bytes that Perl has buffered are read again, if the file can seek.
	my $at = tell $log;
	sysseek $log, $at, Fcntl::SEEK_SET if $at > 0;
	return ("descriptor $number", $log);
}

1;

__END__

=head1 NAME

Flowd - read, write and print the flow logs of flowd

=head1 SYNOPSIS

    use Flowd;

    my $log = Flowd->new('/var/log/flowd.log');
    while (my $flow = $log->read_flow) {
        print $log->format(Flowd::BRIEF, 0, $flow), "\n";
        $octets{$flow->{src_addr}} += $flow->{flow_octets}
            if $flow->{fields} & Flowd::SRC_ADDR;
    }
    $log->finish;

    my $web = Flowd->new('/var/log/flowd.log',
        filter => "discard all\naccept dst any port 443 proto tcp\n");
    $https += $_->{flow_octets} while $_ = $web->read_flow;

    my $out = Flowd::Writer->new('copy.log');
    $out->write_flow({ src_addr => '192.0.2.1', flow_octets => 1500 });
    $out->finish;

=head1 DESCRIPTION

flowd(8) stores the flows that it receives in logs of binary records, which
flowd-log(5) describes.
This module reads and writes these logs, and prints flows as flowd-reader(8)
does.
It does not need an installed flowd.

Every error dies with a message that names the log and, for an error in the
contents of the log, the offset in bytes.

=head1 READING

=over 4

=item Flowd->new($log, %options)

Opens a log: a path, C<-> for standard input, or a file handle that has a
descriptor.
A handle stays open, and is read from its current position.
Logs compressed by gzip are decompressed, and those compressed by xz, zstd or
bzip2 if the module was built with the library.
The options are

=over 4

=item recover

If true, reading continues after damage.
flowd-log(5) defines which records are read then: if all records of the log have
checksums, those that match them.
Damage is reported with C<warn>.
If the value is a reference to a sub, this sub is called instead, with the
offset, the number of damaged bytes and the cause.
For compressed data that are damaged or cut off, that number is 0.

=item offset

The offset at which to start: one that C<offset> returned for this log.

=item filter

Rules: a L<Flowd::Filter|/FILTERING>, or text for C<< Flowd::Filter->new >>.
C<read_flow> then returns only the flows that the rules accept, with the tags
that the rules set.

=item name

The name of the log in messages, if it should not be the path.

=item legacy

If true, the log is of version 2, the format before flowd 0.9.

=back

=item Flowd->follow($path, %options)

Follows a log by its name across rotation, compression and truncation; each flow
is returned once.
The path is a log, or a directory or a pattern of names such as
C</var/log/flowd/*.flow>, whose newest log is read first.
C<read_flow> returns 0 if there are no more flows at present, and looks for more
in each call; it does not wait.
The options C<recover> and C<filter> are those of C<new>.
The others are

=over 4

=item new

If true, only flows that are written from now on are returned.

=item on_follow

A reference to a sub that is called with an event and a path: C<waiting> for the
first log, C<begin> of a file, C<cut> if it was truncated and is read from its
beginning, C<torn> if it ends inside a record, and C<closed>, with a pattern
that names it and newer logs, or C<undef>.

=back

=item $log->path

Returns the path of the current file of a log that is followed.

=item $log->ended

Returns true if no more flows can come: a log that is followed has a date in its
name, and was closed.

=item $log->read_flow

Returns the next flow as a reference to a hash, or 0 at the end of the log.
It dies at a damaged record, and dies again in each later call.

=item $log->torn

Returns true if the log ended inside a record at the last C<read_flow>.
A log that is growing, or whose writer was interrupted, can end so.
With C<recover>, the partial record is also reported as damage.
A reader that resumes later must start at the offset of this damage.

=item $log->offset

Returns the offset of the record that the last C<read_flow> returned or, at the
end, the offset of the end.
For a compressed log it counts uncompressed bytes.

=item $log->start_sec

Returns the time at which a log of version 2 was started, in seconds since the
epoch.

=item $log->finish

Closes the log.
The log is also closed when C<$log> is freed.

=item Flowd::decode($record)

Returns the flow in one record, such as flowd sends to its log socket.

=back

=head1 FLOWS

A flow has these keys.
The keys of absent fields do not exist.

    fields                              all flows: the present fields, as
                                        the sum of constants below
    flow_ver                            all flows: version of the record
    tag                                 TAG
    recv_sec recv_usec                  RECV_TIME
    tcp_flags protocol tos              PROTO_FLAGS_TOS
    agent_addr agent_addr_af            AGENT_ADDR
    src_addr src_addr_af                SRC_ADDR
    dst_addr dst_addr_af                DST_ADDR
    gateway_addr gateway_addr_af        GATEWAY_ADDR
    src_port dst_port                   SRCDST_PORT
    flow_packets                        PACKETS
    flow_octets                         OCTETS
    if_index_in if_index_out            IF_INDICES
    sys_uptime_ms time_sec time_nanosec netflow_version
                                        AGENT_INFO
    flow_start flow_finish              FLOW_TIMES
    src_as dst_as src_mask dst_mask     AS_INFO
    engine_type engine_id flow_sequence source_id
                                        FLOW_ENGINE_INFO
    crc                                 CRC32

A flow that is written or printed may have the names of the Python module and
of JSON in place of these: C<octets>, C<packets>, C<if_ndx_in>, C<if_ndx_out>,
C<agent_sec>, C<agent_nsec>, C<netflow_ver>, C<flow_start_ms>,
C<flow_finish_ms> and C<crc32>.
Other keys are errors.

Addresses are text.
The keys in C<_af> have their family, C<AF_INET> or C<AF_INET6>.
C<recv_sec> and C<time_sec> are seconds since the epoch.
C<sys_uptime_ms>, C<flow_start> and C<flow_finish> are milliseconds of the
exporter's uptime.
Packets and octets are exact to 64 bits.
If the integers of perl have 32 bits, larger numbers are text, for
L<Math::BigInt> or a database.

=over 4

=item Flowd::recv_time($flow)

=item Flowd::export_time($flow)

=item Flowd::start_time($flow)

=item Flowd::end_time($flow)

Return the time of receipt, the time of export by the exporter's clock, and the
times of the first and the last packet.
All are in seconds since the epoch, with a fraction that is exact to a
microsecond.
A time that the flow does not have is C<undef>: start and end need the fields
AGENT_INFO and FLOW_TIMES.
C<POSIX::strftime> and C<gmtime> print them:

    use POSIX qw(strftime);
    print strftime('%F %T', gmtime Flowd::start_time($flow)), "\n";

=back

=head1 CONSTANTS

The functions C<Flowd::TAG>, C<RECV_TIME>, C<PROTO_FLAGS_TOS>, C<AGENT_ADDR4>,
C<AGENT_ADDR6>, C<SRC_ADDR4>, C<SRC_ADDR6>, C<DST_ADDR4>, C<DST_ADDR6>,
C<GATEWAY_ADDR4>, C<GATEWAY_ADDR6>, C<SRCDST_PORT>, C<PACKETS>, C<OCTETS>,
C<IF_INDICES>, C<AGENT_INFO>, C<FLOW_TIMES>, C<AS_INFO>, C<FLOW_ENGINE_INFO>
and C<CRC32> each return the bit of a field.
C<AGENT_ADDR>, C<SRC_ADDR>, C<DST_ADDR>, C<SRCDST_ADDR> and C<GATEWAY_ADDR>
return the bits of addresses of both families.
C<BRIEF> returns the fields that flowd-reader(8) prints without B<-v>, and
C<ALL> returns all bits.

=head1 FORMATTING

=over 4

=item $log->format($mask, $utc, $flow)

Returns the line that flowd-reader(8) prints, without a newline.
It has the fields of the flow that are also in C<$mask>.
Times are in UTC or, if C<$utc> is false, in local time.
C<< Flowd->format >> does the same without a log.

=item Flowd::format_csv($flow)

=item Flowd::csv_header()

Returns the line, and the header, of flowd-reader(8) B<-c>.

=item Flowd::format_json($flow, $utc)

Returns the line of flowd-reader(8) B<-J>.

=item Flowd::iso_time($sec, $utc)

Returns seconds since the epoch as C<YYYY-MM-DDTHH:MM:SS>.

=item Flowd::interval_time($sec)

=item Flowd::interval_time_ms($ms)

Returns seconds as C<1w2d3h4m5s>, and milliseconds as C<3m4s.005>.

=back

=head1 FILTERING

=over 4

=item Flowd::Filter->new($rules, %options)

Compiles rules in the language of flowd.conf(5): a text of lines.
It dies of errors in the rules, with a line for each.
No rule reads a file, so that they may come from strangers: C<include> and
C<table E<lt>nameE<gt> file> are errors.
The options are C<files>, which allows them if it is true, and C<name>, the name
of the rules in messages, otherwise C<filter>.

=item Flowd::Filter->load($path)

Compiles the rules in a file, which may include others.

=item $filter->accepts($flow)

Returns true if the rules accept the flow.
The last rule that matches decides, and flows that no rule matches are accepted.
If this rule has a tag, the flow gets it.
Times of day in rules are local times.

=item $filter->store_mask

Returns the fields of the C<store> statements in the rules, as a mask for
C<write_flow>, or C<ALL> if there are none.

=back

=head1 WRITING

=over 4

=item Flowd::Writer->new($path)

Creates a log, or truncates an existing one; C<-> is standard output.
A log is written uncompressed, so the path must not end in F<.gz>, F<.xz>,
F<.zst> or F<.bz2>.

=item $out->write_flow($flow, $mask)

Writes the fields of a flow that are also in C<$mask>; without C<$mask>, all of
them.
The key C<fields> lists the fields of the flow.
Without that key the flow has each field of which a key exists, and at least
one.
Other numbers of such a field are 0, and the family of an address is derived
from the address.
With C<CRC32> in C<$mask>, or without C<$mask>, the record gets a checksum.
To copy a flow unchanged, use C<< $flow->{fields} >> as C<$mask>.

=item $out->flush

Writes the buffered records.

=item $out->finish

Flushes and closes the log.
The log is also closed when C<$out> is freed, but an error then causes only a
warning.

=item Flowd::encode($flow, $mask)

Returns the record that C<write_flow> would write.

=back

=head1 DIAGNOSTICS

=over 4

=item LOG: offset N: checksum mismatch

The record at this offset is damaged.
C<recover> continues after it.

=item LOG: a log of version 2, as flowd wrote before 0.9

Use the option C<legacy>.

=item filter:1: unknown statement "acept", expected a statement, ...

The rules have an error in this line.

=item a flow has no octetts

The flow has a key that is no name of a value.

=item flow_octets is no integer from 0 to 18446744073709551615: -1

A flow to be written or printed has a value that cannot be stored.

=back

=head1 SEE ALSO

flowd(3), flowd-log(5), flowd(8), flowd-reader(8)

=head1 STANDARDS

RFC 7012, Information Model for IP Flow Information Export (IPFIX), defines the
values of a flow.

=head1 HISTORY

A module of this name came with flowd 0.9.
This implementation is a complete rewrite.
It has the same names, and additional ones.
C<Flowd::VERSION>, C<< $log->init($path) >>, C<Flowd::header_length()>,
C<Flowd::flow_length($header)>, C<Flowd::deserialise($record)> and
C<< $log->{handle} >> are for scripts that were written for it.
C<init> makes a log read another file.
C<flow_length> returns the number of bytes after the header.
C<deserialise> is C<Flowd::decode>.
The handle is that of the log's file; its position is not that of the log.
C<< $log->{filename} >> and the other keys of a log are absent.

=head1 LICENSE

The ISC licence, as all of flowd.

=cut
