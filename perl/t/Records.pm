# Records of flow logs, as flowd-log(5) describes them.
package Records;

use strict;
use warnings;

use Exporter 'import';
use File::Temp;
use Socket qw(AF_INET AF_INET6);

our @EXPORT_OK = qw(record log_of contents scratch %FULL);

my $dir = File::Temp->newdir;

sub crc32 {
	my ($bytes) = @_;
	my $crc = 0;

	for my $byte (unpack 'C*', $bytes) {
		$crc ^= $byte;
		for (1 .. 8) {
			$crc = $crc & 1 ? $crc >> 1 ^ 0xedb88320 : $crc >> 1;
		}
	}
	return $crc;
}

# record FIELDS BODY: has a checksum if it is among the fields.
sub record {
	my ($fields, $body) = @_;
	my $has_crc = $fields & 1 << 30;
	my $length = length($body) + ($has_crc ? 4 : 0);
	my $record = pack('CCnN', 0x60, $length / 4, 0, $fields) . $body;

	return $has_crc ? $record . pack('N', crc32($record)) : $record;
}

sub scratch {
	my ($name) = @_;

	return "$dir/$name";
}

# Returns the path of a log that contains these bytes.
sub log_of {
	my ($name, @bytes) = @_;
	my $path = scratch($name);

	open my $file, '>:raw', $path or die "$path: $!";
	print $file @bytes;
	close $file or die "$path: $!";
	return $path;
}

sub contents {
	my ($path) = @_;

	open my $file, '<:raw', $path or die "$path: $!";
	local $/;
	return scalar <$file>;
}

# A record with every field, and the flow that it is.
my $net = "\x20\1\x0d\xb8" . "\0" x 11;
our %FULL = (
	record => record(0x4007fd4f, pack('N NN C4 a4 a16 a16 a16 nn NNNN NN ' .
	    'NNNnn NN NNCCn nnNN', 7, 1700000000, 80160, 0x1b, 6, 8, 0,
	    "\xc0\0\2\1", "$net\1", "$net\2", "$net\3", 443, 50000,
	    0xffffffff, 0xffffffff, 0x80000000, 1, 1, 0xffffffff,
	    3600000, 1699999999, 5, 9, 0, 3590000, 3599999,
	    64500, 4200000000, 48, 64, 0, 8, 9, 99, 4)),
	flow => {
		fields => 0x4007fd4f, flow_ver => 0x60, tag => 7,
		recv_sec => 1700000000, recv_usec => 80160,
		tcp_flags => 0x1b, protocol => 6, tos => 8,
		agent_addr => '192.0.2.1', agent_addr_af => AF_INET,
		src_addr => '2001:db8::1', src_addr_af => AF_INET6,
		dst_addr => '2001:db8::2', dst_addr_af => AF_INET6,
		gateway_addr => '2001:db8::3', gateway_addr_af => AF_INET6,
		src_port => 443, dst_port => 50000,
		flow_packets => '18446744073709551615',
		flow_octets => '9223372036854775809',
		if_index_in => 1, if_index_out => 4294967295,
		sys_uptime_ms => 3600000, time_sec => 1699999999,
		time_nanosec => 5, netflow_version => 9,
		flow_start => 3590000, flow_finish => 3599999,
		src_as => 64500, dst_as => 4200000000,
		src_mask => 48, dst_mask => 64,
		engine_type => 8, engine_id => 9, flow_sequence => 99,
		source_id => 4,
	},
);
$FULL{flow}{crc} = unpack 'N', substr $FULL{record}, -4;

1;
