package Flowd;

use 5.014;
use strict;
use warnings;

use Carp ();
use Fcntl ();
use XSLoader;

our $VERSION = '1.0.0';

XSLoader::load('Flowd', $VERSION);

# Another thread must not close what this one has open.
sub CLONE_SKIP { return 1 }
sub Flowd::Writer::CLONE_SKIP { return 1 }

my %option = map { $_ => 1 } qw(legacy name offset recover);

sub new {
	my ($class, $log, %options) = @_;

	Carp::croak('Flowd->new needs a log') if !defined $log;
	for (keys %options) {
		Carp::croak("Flowd->new has no option $_") if !$option{$_};
	}
	my ($name, $handle) = _opened($log);
	return $class->_open($options{name} // $name, fileno $handle, $options{offset} // 0,
	    $options{recover}, $options{legacy});
}

# The name of a log for messages, and a handle that has a descriptor.
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
	# What Perl has read ahead is not lost, where it can be read again.
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

    my $out = Flowd::Writer->new('copy.log');
    $out->write_flow({ src_addr => '192.0.2.1', flow_octets => 1500 });
    $out->finish;

=head1 DESCRIPTION

flowd(8) stores the flows that it receives in logs of binary records, which
flowd-log(5) describes.
This module reads and writes them, and prints flows as flowd-reader(8) does.
It is independent of an installed flowd.

Whatever fails dies with a message, which names the log and, for what is in
it, the offset in bytes.

=head1 READING

=over 4

=item Flowd->new($log, %options)

Opens a log: a path, C<-> for standard input, or a file handle that has a
descriptor.
A handle stays open, and is read from where it is.
Logs compressed by gzip are read as they are.
The options are

=over 4

=item recover

If true, reading goes on behind damage.
Each damaged place is told with C<warn>, or, if this is a reference to a sub, by
calling it with the offset, the number of damaged bytes and what is wrong.
For compressed data that are damaged or cut off, that number is 0.

=item offset

Where to begin: an offset that C<offset> gave for this log.

=item name

What messages call the log, other than its path.

=item legacy

If true, this is a log of version 2, from before flowd 0.9.

=back

=item $log->read_flow

Returns the next flow, a reference to a hash, or 0 at the end of the log.
It dies at a damaged record, and does so again in each later call.

=item $log->torn

Whether the last C<read_flow> found the log to end inside a record, as it may
while it grows, or when its writer was interrupted.
With C<recover>, the part of that record is reported as damage as well; a reader
that resumes later has to begin at the offset of this damage.

=item $log->offset

The offset of the record that the last C<read_flow> returned or, at the end,
the offset of the end.
For a compressed log it counts bytes of what was compressed.

=item $log->start_sec

When a log of version 2 was started, in epoch seconds.

=item $log->finish

Closes the log, as does letting go of C<$log>.

=item Flowd::decode($record)

The flow in one record, such as flowd sends to its log socket.

=back

=head1 FLOWS

A flow has these keys, but for those of fields that it does not have:

    fields                              all flows: what there is, as
                                        the sum of constants below
    flow_ver                            all flows: of the record
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

Addresses are text, and the keys in C<_af> have their family, C<AF_INET> or
C<AF_INET6>.
C<recv_sec> and C<time_sec> are epoch seconds, C<flow_start> and
C<flow_finish> milliseconds of the exporter's uptime, as C<sys_uptime_ms> is.
Packets and octets have 64 bits, and are exact; where the integers of perl have
32, larger ones are text, for L<Math::BigInt> or a database to work with.

=head1 CONSTANTS

The functions C<Flowd::TAG>, C<RECV_TIME>, C<PROTO_FLAGS_TOS>, C<AGENT_ADDR4>,
C<AGENT_ADDR6>, C<SRC_ADDR4>, C<SRC_ADDR6>, C<DST_ADDR4>, C<DST_ADDR6>,
C<GATEWAY_ADDR4>, C<GATEWAY_ADDR6>, C<SRCDST_PORT>, C<PACKETS>, C<OCTETS>,
C<IF_INDICES>, C<AGENT_INFO>, C<FLOW_TIMES>, C<AS_INFO>, C<FLOW_ENGINE_INFO>
and C<CRC32> each give the bit of a field.
C<AGENT_ADDR>, C<SRC_ADDR>, C<DST_ADDR>, C<SRCDST_ADDR> and C<GATEWAY_ADDR> are
those of addresses of both families, C<BRIEF> what flowd-reader(8) shows without
B<-v>, and C<ALL> everything.

=head1 FORMATTING

=over 4

=item $log->format($mask, $utc, $flow)

The line that flowd-reader(8) prints, without a newline: the fields of the flow
that are also in C<$mask>, with times in UTC or, if C<$utc> is false, local
time.
C<< Flowd->format >> does it without a log.

=item Flowd::format_csv($flow)

=item Flowd::csv_header()

The line, and the header, of flowd-reader(8) B<-c>.

=item Flowd::format_json($flow, $utc)

The line of flowd-reader(8) B<-J>.

=item Flowd::iso_time($sec, $utc)

Epoch seconds as C<YYYY-MM-DDTHH:MM:SS>.

=item Flowd::interval_time($sec)

=item Flowd::interval_time_ms($ms)

Seconds as C<1w2d3h4m5s>, and milliseconds as C<3m4s.005>.

=back

=head1 WRITING

=over 4

=item Flowd::Writer->new($path)

Creates a log, or empties one that is there; C<-> is standard output.

=item $out->write_flow($flow, $mask)

Writes a flow: those of its fields that are also in C<$mask>, which is C<ALL> if
it is left out.
A flow has the fields that its key C<fields> says.
Without that key it has each field of which there is a key; other numbers of
such a field are 0, and the families of addresses are those of the addresses.
With C<CRC32> in C<$mask> the record gets its checksum; to write what was read
as it was, let C<$mask> be C<< $flow->{fields} >>.

=item $out->flush

Writes what waits to be written.

=item $out->finish

Flushes and closes the log.
Letting go of C<$out> does so as well, but can only warn where that fails.

=item Flowd::encode($flow, $mask)

The record that C<write_flow> would write.

=back

=head1 DIAGNOSTICS

=over 4

=item LOG: offset N: checksum mismatch

The record at this offset is damaged; C<recover> reads on behind it.

=item LOG: a log of version 2, as flowd wrote before 0.9

It takes the option C<legacy>.

=item flow_octets is no integer from 0 to 18446744073709551615: -1

A flow to be written or printed has a value that cannot be stored.

=back

=head1 SEE ALSO

flowd(3), flowd-log(5), flowd(8), flowd-reader(8)

=head1 STANDARDS

The values of a flow are those of RFC 7012, Information Model for IP Flow
Information Export (IPFIX).

=head1 HISTORY

A module of this name came with flowd 0.9.
This one was written anew; it has the names of that one, and others besides.

=head1 LICENSE

The ISC licence, as all of flowd.

=cut
