/*
 * Copyright (c) 2026 The flowd authors
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

#include "compat/compat.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"
#include "config/config.h"
#include "errors.h"
#include "base/log.h"
#include "store.h"
#include "temporary.h"

#define DAEMON       "listen on 127.0.0.1:2055\nlogfile \"/log\"\n"
#define DAEMON_LINES 2

#define NUMBERS \
	"[!] NUMBER, FIRST-LAST, <, <=, >= or > NUMBER, or { ... } of these"

static char *messages; /* of the latest parse */

static FILE *
text_file(const char *text, size_t len)
{
	FILE *fp = tmpfile();

	assert_non_null(fp);
	assert_int_equal(fwrite(text, 1, len, fp), len);
	rewind(fp);
	return (fp);
}

static struct config *
parse_with(const char *text, enum config_use use,
    const struct conf_macro *macros, size_t nmacros)
{
	FILE *fp = text_file(text, strlen(text));
	struct config *conf;

	capture_begin();
	conf = config_parse(fp, "t.conf", use, macros, nmacros);
	messages = capture_end();
	fclose(fp);
	return (conf);
}

/* Parses a text without errors and warnings. */
static struct config *
parse(const char *text)
{
	struct config *conf = parse_with(text, CONFIG_DAEMON, NULL, 0);

	assert_string_equal(messages, "");
	assert_non_null(conf);
	return (conf);
}

/* Returns the one rule of text; the caller frees it with config_free. */
static struct config *
parse_rule(const char *text)
{
	struct config *conf = parse_with(text, CONFIG_READER, NULL, 0);

	assert_string_equal(messages, "");
	assert_non_null(conf);
	assert_int_equal(conf->nrules, 1);
	return (conf);
}

static void
assert_error(const char *text, const char *expected)
{
	struct config *conf = parse_with(text, CONFIG_READER, NULL, 0);

	assert_string_equal(messages, expected);
	assert_null(conf);
}

static char *
printed(const struct config *conf)
{
	char *text = NULL;
	size_t len;
	FILE *fp = open_memstream(&text, &len);

	assert_non_null(fp);
	config_print(conf, fp);
	assert_int_equal(fclose(fp), 0);
	return (text);
}

static uint8_t *
packed(const struct config *conf, size_t *len)
{
	uint8_t *data;

	assert_int_equal(config_pack(conf, &data, len), 0);
	return (data);
}

static void
assert_same(const struct config *a, const struct config *b)
{
	size_t a_len, b_len;
	uint8_t *a_data = packed(a, &a_len), *b_data = packed(b, &b_len);

	assert_int_equal(a_len, b_len);
	assert_memory_equal(a_data, b_data, a_len);
	free(a_data);
	free(b_data);
}

static void
assert_rule_text(const char *text, const char *expected)
{
	struct config *conf = parse_rule(text);
	char *line = printed(conf), *wanted = NULL;

	assert_int_not_equal(asprintf(&wanted, "store ALL\n%s\n", expected),
	    -1);
	assert_string_equal(line, wanted);
	free(line);
	free(wanted);
	config_free(conf);
}

static struct addr
address(const char *text)
{
	struct addr a;

	assert_int_equal(addr_pton(text, &a), 0);
	return (a);
}

static void
assert_addr(const struct addr *a, const char *text)
{
	const struct addr wanted = address(text);

	assert_true(addr_equal(a, &wanted));
}

static void
listen_statement(void **state)
{
	struct config *conf = parse(
	    "logfile /log\n"
	    "listen on 192.0.2.1:2055\n"
	    "listen on [2001:db8::1]:9996 bufsize 0x10000\n"
	    "listen on 192.0.2.1:2056 bufsize 2147483647\n");

	(void)state;
	assert_int_equal(conf->nlistens, 3);
	assert_addr(&conf->listens[0].addr, "192.0.2.1");
	assert_int_equal(conf->listens[0].port, 2055);
	assert_int_equal(conf->listens[0].bufsize, 0);
	assert_addr(&conf->listens[1].addr, "2001:db8::1");
	assert_int_equal(conf->listens[1].port, 9996);
	assert_int_equal(conf->listens[1].bufsize, 65536);
	assert_int_equal(conf->listens[2].bufsize, 2147483647);
	config_free(conf);
}

static void
flow_source_statement(void **state)
{
	struct config *conf = parse(DAEMON
	    "flow source 192.0.2.7\n"
	    "flow source 10.0.0.0/8\n"
	    "flow source 2001:db8::/32\n");

	(void)state;
	assert_int_equal(conf->sources.n, 3);
	assert_addr(&conf->sources.prefixes[0].addr, "192.0.2.7");
	assert_int_equal(conf->sources.prefixes[0].len, 32);
	assert_int_equal(conf->sources.prefixes[1].len, 8);
	assert_addr(&conf->sources.prefixes[2].addr, "2001:db8::");
	assert_int_equal(conf->sources.prefixes[2].len, 32);
	config_free(conf);

	conf = parse(DAEMON "flow source 10.0.0.0/8\nflow source any\n");
	assert_int_equal(conf->sources.n, 0);
	config_free(conf);
}

static void
join_statement(void **state)
{
	struct config *conf = parse(DAEMON
	    "listen on [::]:2055\n"
	    "join group 239.1.2.3\n"
	    "join group 239.1.2.3%eth0\n"
	    "join group ff02::4:5%lo\n");

	(void)state;
	assert_int_equal(conf->njoins, 3);
	assert_addr(&conf->joins[0].group, "239.1.2.3");
	assert_string_equal(conf->joins[0].ifname, "");
	assert_string_equal(conf->joins[1].ifname, "eth0");
	assert_addr(&conf->joins[2].group, "ff02::4:5");
	assert_string_equal(conf->joins[2].ifname, "lo");
	config_free(conf);
}

static void
join_without_a_listener_of_its_family(void **state)
{
	struct config *conf = parse_with(DAEMON "join group ff02::4:5%lo\n",
	    CONFIG_DAEMON, NULL, 0);

	(void)state;
	assert_string_equal(messages,
	    "t.conf: group ff02::4:5 is not joined, because no listen on "
	    "statement has an IPv6 address\n");
	assert_non_null(conf);
	config_free(conf);
}

static void
output_statements(void **state)
{
	struct config *conf = parse(
	    "listen on 127.0.0.1:2055\n"
	    "logfile \"/var/log/my flows\"\n"
	    "logsock '/run/it\"s' bufsize 4096\n"
	    "pidfile /run/flowd.pid\n"
	    "forward to 192.0.2.9:9995\n"
	    "forward to [2001:db8::9]:9995\n");

	(void)state;
	assert_string_equal(conf->logs[0].path, "/var/log/my flows");
	assert_string_equal(conf->logsock, "/run/it\"s");
	assert_int_equal(conf->logsock_bufsize, 4096);
	assert_string_equal(conf->pidfile, "/run/flowd.pid");
	assert_int_equal(conf->nforwards, 2);
	assert_addr(&conf->forwards[0].addr, "192.0.2.9");
	assert_int_equal(conf->forwards[0].port, 9995);
	assert_addr(&conf->forwards[1].addr, "2001:db8::9");
	config_free(conf);
}

static void
store_statement(void **state)
{
	struct config *conf = parse(DAEMON "store OCTETS\nstore SRC_ADDR\n");

	(void)state;
	assert_int_equal(conf->store_mask,
	    STORE_FIELD_OCTETS | STORE_FIELD_SRC_ADDR4 | STORE_FIELD_SRC_ADDR6);
	config_free(conf);

	conf = parse(DAEMON);
	assert_int_equal(conf->store_mask, STORE_FIELD_ALL);
	config_free(conf);
}

static void
macros_are_replaced_by_their_text(void **state)
{
	struct config *conf = parse(
	    "host = 192.0.2.1\n"
	    "port_1 = 2055\n"
	    "web = 'port 443 proto tcp'\n"
	    "one = $host\n"
	    "every = any\n"
	    "words = src 192.0.2.0/24\n"
	    "listen on $host:$port_1\n"
	    "listen on $one:1$port_1\n"
	    "logfile \"/$host\"\n"
	    "flow source $every\n"
	    "accept $words dst $every $web\n");

	(void)state;
	assert_int_equal(conf->nlistens, 2);
	assert_addr(&conf->listens[0].addr, "192.0.2.1");
	assert_int_equal(conf->listens[0].port, 2055);
	assert_int_equal(conf->listens[1].port, 12055);
	config_free(conf);
}

static void
macros_in_quotes_are_text(void **state)
{
	struct config *conf = parse(
	    "x = 1\nlisten on 127.0.0.1:2055\n"
	    "logfile \"/$x\"\npidfile '/$x$x'\nlogsock /$x\n");

	(void)state;
	assert_string_equal(conf->logs[0].path, "/$x");
	assert_string_equal(conf->pidfile, "/$x$x");
	assert_string_equal(conf->logsock, "/1");
	config_free(conf);
}

static void
one_file_has_one_purpose(void **state)
{
	(void)state;
	assert_null(
	    parse_with("listen on 127.0.0.1:1\nlogfile /a\n"
		       "statefile /a\n",
		CONFIG_DAEMON, NULL, 0));
	assert_string_equal(messages,
	    "t.conf: logfile /a is also the path of another statement\n");
	assert_null(
	    parse_with("listen on 127.0.0.1:1\nlogfile /a\n"
		       "statefile /b\npidfile /b\n",
		CONFIG_DAEMON, NULL, 0));
	assert_string_equal(messages,
	    "t.conf: /b is the path of two statements\n");
}

static void
macros_have_the_latest_value(void **state)
{
	struct config *conf = parse_with(
	    "n = 1\naccept tag $n\nn = 2\n"
	    "accept tag $n\n",
	    CONFIG_READER, NULL, 0);

	(void)state;
	assert_non_null(conf);
	assert_int_equal(conf->rules[0].tag, 1);
	assert_int_equal(conf->rules[1].tag, 2);
	config_free(conf);
}

static void
macros_of_the_command_line_have_priority(void **state)
{
	static const struct conf_macro macros[] = {
		{ "n", "7" },
		{ "log", "\"/a b\"" },
		{ "literal", "$n" },
	};
	struct config *conf = parse_with(
	    "n = 8\nlisten on 127.0.0.1:2055\n"
	    "logfile $log\nlogsock /$literal\naccept tag $n\n",
	    CONFIG_DAEMON, macros, 3);

	(void)state;
	assert_string_equal(messages, "");
	assert_non_null(conf);
	assert_int_equal(conf->rules[0].tag, 7);
	assert_string_equal(conf->logs[0].path, "/a b");
	assert_string_equal(conf->logsock, "/$n");
	config_free(conf);
}

static void
macros_of_the_command_line_are_checked(void **state)
{
	static const struct conf_macro macros[] = {
		{ "port", "7" },
		{ "1x", "7" },
		{ "y", "a\nb" },
		{ "", "7" },
	};

	(void)state;
	assert_null(parse_with("", CONFIG_READER, macros, 4));
	assert_string_equal(messages,
	    "t.conf: \"port\" is a keyword and cannot be the name of a macro\n"
	    "t.conf: \"1x\" is not a valid name of a macro, expected letters, "
	    "digits and underscores, beginning with a letter\n"
	    "t.conf: macro \"y\" of the command line has a line break, "
	    "expected one line\n"
	    "t.conf: \"\" is not a valid name of a macro, expected letters, "
	    "digits and underscores, beginning with a letter\n");
}

static void
unused_macros_are_reported_with_debug(void **state)
{
	static const struct conf_macro macros[] = { { "a", "1" } };
	struct config *conf;

	(void)state;
	log_init("test", LOG_TO_STDERR, true);
	conf = parse_with("\nb = 2\nc = 3\naccept tag $c\n", CONFIG_READER,
	    macros, 1);
	log_init("test", LOG_TO_STDERR, false);
	assert_non_null(conf);
	assert_string_equal(messages,
	    "t.conf:2: macro \"b\" is not used\n"
	    "t.conf: macro \"a\" of the command line is not used\n");
	config_free(conf);
}

static void
lines_and_comments(void **state)
{
	struct config *conf = parse(
	    "# a comment \\\n"
	    "  that goes on\n"
	    "\n"
	    " \t\n"
	    "listen \\\n"
	    "\ton 127.0.0.1:20\\\n"
	    "55 # the rest\r\n"
	    "logfile \\\r\n"
	    "\"/a\\\"b\\\\c\\d#e\"#\n"
	    "pidfile '/p\"q\\'r'\r\n"
	    "accept tag 3");

	(void)state;
	assert_int_equal(conf->listens[0].port, 2055);
	assert_string_equal(conf->logs[0].path, "/a\"b\\c\\d#e");
	assert_string_equal(conf->pidfile, "/p\"q'r");
	assert_int_equal(conf->rules[0].tag, 3);
	config_free(conf);
}

static void
rule_numbers(void **state)
{
	static const struct {
		const char *text;
		enum filter_number which;
		uint64_t n;
		bool negated;
	} rows[] = {
		{ "accept in_ifndx 0", FILTER_IN_IFNDX, 0, false },
		{ "accept in_ifndx ! 3", FILTER_IN_IFNDX, 3, true },
		{ "accept out_ifndx 4294967295", FILTER_OUT_IFNDX, UINT32_MAX,
		    false },
		{ "accept src any port !53 proto udp", FILTER_SRC_PORT, 53,
		    true },
		{ "accept proto tcp dst any port 0x50", FILTER_DST_PORT, 80,
		    false },
		{ "accept tos 0271", FILTER_TOS, 185, false },
		{ "accept proto !tcp", FILTER_PROTO, 6, true },
		{ "accept proto 0", FILTER_PROTO, 0, false },
		{ "accept proto 255", FILTER_PROTO, 255, false },
		{ "accept proto ipv6-icmp", FILTER_PROTO, 58, false },
		{ "accept proto sctp", FILTER_PROTO, 132, false },
	};
	const struct filter_number_set *set;
	struct config *conf;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		conf = parse_rule(rows[i].text);
		set = &conf->rules[0].numbers[rows[i].which];
		assert_int_equal(set->n, 1);
		assert_int_equal(set->ranges[0].lo, rows[i].n);
		assert_int_equal(set->ranges[0].hi, rows[i].n);
		assert_int_equal(set->negated, rows[i].negated);
		config_free(conf);
	}
}

static void
rule_addresses(void **state)
{
	struct config *conf =
	    parse_rule("accept agent 192.0.2.1 src ! 2001:db8::/32 dst any");
	const struct filter_rule *rule = &conf->rules[0];

	(void)state;
	assert_int_equal(rule->addrs[FILTER_AGENT].n, 1);
	assert_false(rule->addrs[FILTER_AGENT].negated);
	assert_addr(&rule->addrs[FILTER_AGENT].prefixes[0].addr, "192.0.2.1");
	assert_int_equal(rule->addrs[FILTER_AGENT].prefixes[0].len, 32);
	assert_true(rule->addrs[FILTER_SRC].negated);
	assert_int_equal(rule->addrs[FILTER_SRC].prefixes[0].len, 32);
	assert_int_equal(rule->addrs[FILTER_DST].n, 0);
	config_free(conf);
}

static void
rule_texts(void **state)
{
	(void)state;
	assert_rule_text("accept all", "accept all");
	assert_rule_text("discard", "discard all");
	assert_rule_text("accept src any dst any agent any", "accept all");
	assert_rule_text("accept quick tag 4294967295 all",
	    "accept tag 4294967295 quick all");
	assert_rule_text("accept all tag 0", "accept tag 0 all");
	assert_rule_text("discard !inet6", "discard ! inet6");
	assert_rule_text("discard src 0.0.0.0/0 ! inet6",
	    "discard ! inet6 src 0.0.0.0/0");
	/* In the order that 0.9.1 required, and in reverse order. */
	assert_rule_text(
	    "accept tag 1 quick agent ! ::1 in_ifndx 1 "
	    "out_ifndx ! 2 inet src 10.0.0.0/8 port 1 dst ! 192.0.2.1 "
	    "port ! 0x10 proto tcp tos 16 tcp_flags mask 18 !equals 2 "
	    "days mon after 09:00 before 10:30:15",
	    "accept tag 1 quick agent ! ::1/128 in_ifndx 1 out_ifndx ! 2 inet "
	    "src 10.0.0.0/8 port 1 dst ! 192.0.2.1/32 port ! 16 proto 6 "
	    "tos 0x10 tcp_flags mask 0x12 ! equals 0x02 days mon "
	    "after 09:00:00 before 10:30:15");
	assert_rule_text(
	    "accept before 10:30:15 after 9:00 days mon "
	    "tcp_flags equals 2 tos 16 proto tcp dst 192.0.2.1 port 3 "
	    "src 10.0.0.0/8 inet out_ifndx 2 in_ifndx 1 agent ::1 quick tag 1",
	    "accept tag 1 quick agent ::1/128 in_ifndx 1 out_ifndx 2 inet "
	    "src 10.0.0.0/8 dst 192.0.2.1/32 port 3 proto 6 tos 0x10 "
	    "tcp_flags mask 0xff equals 0x02 days mon after 09:00:00 "
	    "before 10:30:15");
}

static void
rule_days(void **state)
{
	(void)state;
	assert_rule_text("accept days wed", "accept days wed");
	assert_rule_text("accept days mon-fri",
	    "accept days mon,tue,wed,thu,fri");
	assert_rule_text("accept days fri-mon", "accept days sun,mon,fri,sat");
	assert_rule_text("accept days sat,tue", "accept days tue,sat");
	assert_rule_text("accept days mon-tue, thu", "accept days mon,tue,thu");
	assert_rule_text("accept days sun-sat",
	    "accept days sun,mon,tue,wed,thu,fri,sat");
	assert_rule_text("accept days sun-sun", "accept days sun");
}

static void
assert_date(const char *text, int64_t after)
{
	struct config *conf;
	char *rule = NULL;

	assert_int_not_equal(asprintf(&rule, "accept after date %s", text), -1);
	conf = parse_rule(rule);
	assert_int_equal(conf->rules[0].after_date, after);
	free(rule);
	config_free(conf);
}

static void
rule_dates(void **state)
{
	(void)state;
	/* One hour ahead of UTC in winter, two in summer. */
	assert_date("2025", 1735686000);   /* 1 January 00:00 */
	assert_date("202511", 1761951600); /* 1 November 00:00 */
	assert_date("20250701", 1751320800);
	assert_date("2025070112", 1751364000);
	assert_date("202507011230", 1751365800);
	assert_date("20250701123045", 1751365845);
	assert_date("20240229", 1709161200);
	assert_date("20000229", 951778800);
	assert_date("1970", -3600);
	assert_rule_text("accept after date 2025 before date 20250701",
	    "accept after date 20250101000000 before date 20250701000000");
}

/* Erroneous texts, and their messages. */
static const struct {
	const char *text, *message;
} errors_said[] = {
	{ "foo 1",
	    "unknown statement \"foo\", expected a statement, "
	    "a rule or NAME = VALUE" },
	{ "= 1",
	    "unexpected \"=\", expected a statement, a rule or "
	    "NAME = VALUE" },
	{ "src any",
	    "unexpected \"src\", expected a statement, a "
	    "rule or NAME = VALUE" },
	{ "x =",
	    "unexpected end of line after \"=\", expected NAME = "
	    "VALUE" },
	{ "x = !", "unexpected \"!\" after \"=\", expected NAME = VALUE" },
	{ "days = 3",
	    "\"days\" is a keyword and cannot be the name of a macro" },
	{ "'tos' = 3",
	    "\"tos\" is a keyword and cannot be the name of a macro" },
	{ "a-b = 3",
	    "\"a-b\" is not a valid name of a macro, expected letters, "
	    "digits and underscores, beginning with a letter" },
	{ "accept tag $x", "macro \"x\" is not defined" },
	{ "accept tag 1$",
	    "\"$\" without the name of a macro; write a literal \"$\" in "
	    "quotes" },
	{ "logfile '/a",
	    "unterminated string, expected a closing ' in the same line" },
	{ "logfile \"/a\001\"", "unexpected byte 0x01" },
	{ "accept \177", "unexpected byte 0x7f" },
	{ "listen 127.0.0.1:1",
	    "unexpected \"127.0.0.1:1\" after "
	    "\"listen\", expected listen on ADDRESS:PORT "
	    "[interface NAME] [bufsize BYTES] [name NAME]" },
	{ "listen on 127.0.0.1:1 bufsize",
	    "unexpected end of line "
	    "after \"bufsize\", expected listen on ADDRESS:PORT "
	    "[interface NAME] [bufsize BYTES] [name NAME]" },
	{ "flow 10.0.0.1",
	    "unexpected \"10.0.0.1\" after \"flow\", "
	    "expected flow source ADDRESS[/LENGTH], <TABLE> or any" },
	{ "join 239.0.0.1",
	    "unexpected \"239.0.0.1\" after \"join\", "
	    "expected join group ADDRESS [on INTERFACE]" },
	{ "forward 10.0.0.1:1",
	    "unexpected \"10.0.0.1:1\" after "
	    "\"forward\", expected forward to ADDRESS:PORT" },
	{ "logfile",
	    "unexpected end of line after \"logfile\", "
	    "expected logfile \"PATH\" [tag NUMBER[,...]] [rotate "
	    "every DURATION or rotate at size SIZE] [utc] [keep SIZE, "
	    "DURATION or NUMBER files] [compress] [mode MODE] [group "
	    "NAME]" },
	{ "sync",
	    "unexpected end of line after \"sync\", expected "
	    "sync never or sync SECONDS" },
	{ "workers",
	    "unexpected end of line after \"workers\", expected "
	    "workers NUMBER" },
	{ "logsock /a 3",
	    "unexpected \"3\" after \"/a\", expected "
	    "logsock \"PATH\" [bufsize BYTES]" },
	{ "pidfile /a /b",
	    "unexpected \"/b\" after \"/a\", expected "
	    "pidfile \"PATH\"" },
	{ "store",
	    "unexpected end of line after \"store\", expected "
	    "store FIELD" },
	{ "store bytes",
	    "store \"bytes\": expected the name of a "
	    "field, as in flowd.conf(5)" },
	{ "accept 10.0.0.1",
	    "unexpected \"10.0.0.1\" after "
	    "\"accept\", expected a parameter of the rule, as in "
	    "flowd.conf(5), or the end of the line" },
	{ "accept src { }",
	    "unexpected \"}\" after \"{\", "
	    "expected src [!] PREFIX|<TABLE>|{ ... } or any, "
	    "optionally with port" },
	{ "accept src ! any",
	    "unexpected \"any\" after \"!\", "
	    "expected src [!] PREFIX|<TABLE>|{ ... } or any, "
	    "optionally with port" },
	{ "accept dst",
	    "unexpected end of line after \"dst\", "
	    "expected dst [!] PREFIX|<TABLE>|{ ... } or any, "
	    "optionally with port" },
	{ "accept agent",
	    "unexpected end of line after \"agent\", "
	    "expected agent [!] PREFIX|<TABLE>|{ ... } or any" },
	{ "accept src any port proto tcp",
	    "unexpected \"proto\" "
	    "after \"port\", expected port " NUMBERS },
	{ "accept in_ifndx",
	    "unexpected end of line after "
	    "\"in_ifndx\", expected in_ifndx " NUMBERS },
	{ "accept out_ifndx",
	    "unexpected end of line after "
	    "\"out_ifndx\", expected out_ifndx " NUMBERS },
	{ "accept proto",
	    "unexpected end of line after \"proto\", "
	    "expected proto NAME or " NUMBERS },
	{ "accept tos",
	    "unexpected end of line after \"tos\", "
	    "expected tos " NUMBERS },
	{ "accept tag all",
	    "unexpected \"all\" after \"tag\", expected tag NUMBER" },
	{ "accept ! tos 3",
	    "unexpected \"tos\" after \"!\", expected "
	    "! inet or ! inet6" },
	{ "accept proto tcp tcp_flags 3",
	    "unexpected \"3\" after "
	    "\"tcp_flags\", expected tcp_flags [mask NUMBER] [!] "
	    "equals NUMBER" },
	{ "accept days",
	    "unexpected end of line after \"days\", "
	    "expected days DAY[-DAY][,...]" },
	{ "accept after",
	    "unexpected end of line after \"after\", "
	    "expected after HH:MM[:SS] or after date "
	    "YYYY[MM[DD[HH[MM[SS]]]]]" },
	{ "accept before date",
	    "unexpected end of line after "
	    "\"date\", expected before HH:MM[:SS] or before date "
	    "YYYY[MM[DD[HH[MM[SS]]]]]" },
	{ "accept src 10.0.0.1/8",
	    "src \"10.0.0.1/8\": the address "
	    "has bits set after the prefix length, expected the "
	    "address of a network" },
	{ "accept agent 10.0.0.0/33",
	    "agent \"10.0.0.0/33\": "
	    "expected an IPv4 or IPv6 ADDRESS or ADDRESS/LENGTH" },
	{ "accept tag -1",
	    "tag \"-1\": expected a number from 0 to 4294967295" },
	{ "accept tag 4294967296",
	    "tag \"4294967296\": expected a "
	    "number from 0 to 4294967295" },
	{ "accept in_ifndx 0x1g",
	    "in_ifndx \"0x1g\": expected a "
	    "number from 0 to 4294967295" },
	{ "accept out_ifndx 08",
	    "out_ifndx \"08\": expected a number "
	    "from 0 to 4294967295" },
	{ "accept src any port 65536 proto tcp",
	    "port \"65536\": expected a number from 0 to 65535" },
	{ "accept proto 256",
	    "proto \"256\": expected a number from 0 to 255" },
	{ "accept proto nosuch",
	    "proto \"nosuch\": expected the name "
	    "of a protocol or a number from 0 to 255" },
	{ "accept tos ''", "tos \"\": expected a number from 0 to 255" },
	{ "accept proto 6 tcp_flags mask 256 equals 0",
	    "mask \"256\": expected a number from 0 to 255" },
	{ "accept proto 6 tcp_flags equals x",
	    "equals \"x\": expected a number from 0 to 255" },
	{ "accept days mon-foo",
	    "days \"mon-foo\": expected sun, "
	    "mon, tue, wed, thu, fri or sat, or a range such as "
	    "mon-fri" },
	{ "accept after 24:00",
	    "after \"24:00\": expected a time of "
	    "day, HH:MM or HH:MM:SS, or after date YYYYMMDDHHMM" },
	{ "accept after 2026-11-29",
	    "after \"2026-11-29\": expected a time of "
	    "day, HH:MM or HH:MM:SS, or after date YYYYMMDDHHMM" },
	{ "accept before \"2026-11-29 01:10:00\"",
	    "before \"2026-11-29 01:10:00\": expected a time of "
	    "day, HH:MM or HH:MM:SS, or before date YYYYMMDDHHMM" },
	{ "accept before 1:2",
	    "before \"1:2\": expected a time of "
	    "day, HH:MM or HH:MM:SS, or before date YYYYMMDDHHMM" },
	{ "accept before 12:30:60",
	    "before \"12:30:60\": expected a "
	    "time of day, HH:MM or HH:MM:SS, or before date YYYYMMDDHHMM" },
	{ "accept src any port 5",
	    "port needs proto tcp, udp or sctp in the same rule, such as "
	    "\"dst any port 443 proto tcp\"" },
	{ "accept dst any port 5 proto icmp",
	    "port needs proto tcp, udp or sctp in the same rule, such as "
	    "\"dst any port 443 proto tcp\"" },
	{ "accept dst any port 5 proto ! tcp",
	    "port needs proto tcp, udp or sctp in the same rule, such as "
	    "\"dst any port 443 proto tcp\"" },
	{ "accept proto tcp port 5",
	    "port does not directly follow the address of src or dst, "
	    "expected src|dst PREFIX|any port NUMBER, such as "
	    "\"dst any port 443 proto tcp\"" },
	{ "accept tag 7 dst 10.0.0.0/8 proto tcp port 443",
	    "port does not directly follow the address of src or dst, "
	    "expected src|dst PREFIX|any port NUMBER, such as "
	    "\"dst any port 443 proto tcp\"" },
	{ "accept tcp_flags equals 0 proto udp",
	    "tcp_flags needs proto tcp in the same rule" },
	{ "accept src 10.0.0.0/8 dst ! ::1",
	    "src and dst have different address families, so no flow can "
	    "match" },
	{ "accept inet src ::1",
	    "src has another address family than inet or inet6 allows, so "
	    "no flow can match" },
	{ "accept ! inet dst 10.0.0.1",
	    "dst has another address family than inet or inet6 allows, so "
	    "no flow can match" },
	{ "discard tag 1 all",
	    "tag in a discard rule, expected it in an accept rule: "
	    "discarded flows are not stored" },
	{ "accept on a",
	    "on in a rule: only flowd knows which listener received a flow, a "
	    "log does not contain it" },
	{ "accept all src any",
	    "all beside parameters that select flows, expected only one of "
	    "them" },
};

static void
names_of_listeners(void **state)
{
	/* The rule may come first. */
	struct config *conf = parse(
	    "logfile /a\n"
	    "accept on { b, a b }\n"
	    "listen on 0.0.0.0:1 name a\n"
	    "listen on 0.0.0.0:2 bufsize 5 name b\n"
	    "listen on 0.0.0.0:3 interface eth0 name a\n"
	    "accept on any\n");

	(void)state;
	assert_string_equal(conf->listens[0].name, "a");
	assert_string_equal(conf->listens[1].name, "b");
	assert_string_equal(conf->listens[2].name, "a");
	assert_int_equal(conf->rules[0].on.n, 2);
	assert_string_equal(conf->rules[0].on.listeners[0].name, "a");
	assert_string_equal(conf->rules[0].on.listeners[1].name, "b");
	assert_int_equal(conf->rules[1].on.n, 0);
	config_free(conf);
}

static void
a_rule_has_few_names(void **state)
{
	char text[4096] = DAEMON "accept on {";
	size_t i, len = strlen(text);

	(void)state;
	for (i = 0; i <= FILTER_LISTENERS_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, " n%zu",
		    i);
	(void)snprintf(text + len, sizeof(text) - len, " }\n");
	assert_null(parse_with(text, CONFIG_DAEMON, NULL, 0));
	assert_string_equal(messages,
	    "t.conf:3: on: more than 64 names in one rule\n");
}

static void
errors(void **state)
{
	char *expected = NULL, *text = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(errors_said) / sizeof(errors_said[0]); i++) {
		assert_int_not_equal(
		    asprintf(&text, "# 1\n%s\n# 3\n", errors_said[i].text), -1);
		assert_int_not_equal(asprintf(&expected, "t.conf:2: %s\n",
					 errors_said[i].message),
		    -1);
		assert_error(text, expected);
		free(text);
		free(expected);
	}
}

/* Errors in statements that only the daemon reads. */
static void
daemon_errors(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{ "listen on 192.0.2.1",
		    "listen on \"192.0.2.1\": expected "
		    "ADDRESS:PORT, with an IPv6 address in brackets" },
		{ "listen on ::1:2055",
		    "listen on \"::1:2055\": expected "
		    "ADDRESS:PORT, with an IPv6 address in brackets" },
		{ "listen on [192.0.2.1]:1",
		    "listen on \"[192.0.2.1]:1\": "
		    "expected ADDRESS:PORT, with an IPv6 address in brackets" },
		{ "listen on [::1]2055",
		    "listen on \"[::1]2055\": expected "
		    "ADDRESS:PORT, with an IPv6 address in brackets" },
		{ "listen on [::1",
		    "listen on \"[::1\": expected "
		    "ADDRESS:PORT, with an IPv6 address in brackets" },
		{ "listen on [fe80::1%]:1",
		    "listen on \"[fe80::1%]:1\": expected the name of an "
		    "interface after the %" },
		{ "listen on [fe80::1%interface0123456]:1",
		    "listen on \"[fe80::1%interface0123456]:1\": expected the "
		    "name of an interface after the %" },
		{ "listen on [2001:db8::1%eth0]:1",
		    "listen on \"[2001:db8::1%eth0]:1\": only a link-local "
		    "address has an interface after a %" },
		{ "listen on [fe80::1%eth0]:1 interface eth0",
		    "interface \"eth0\": the address already has an interface, "
		    "after the %" },
		{ "listen on [fe80::1]:1",
		    "listen on \"[fe80::1]:1\": a link-local address needs an "
		    "interface, as in [fe80::1%eth0]:2055" },
		{ "listen on 192.0.2.1%eth0:1",
		    "listen on \"192.0.2.1%eth0:1\": expected "
		    "ADDRESS:PORT, with an IPv6 address in brackets" },
		{ "forward to [fe80::1]:1",
		    "forward to \"[fe80::1]:1\": a link-local address needs "
		    "an interface, as in [fe80::1%eth0]:2055" },
		{ "forward to [ff05::1%eth0]:1",
		    "forward to \"[ff05::1%eth0]:1\": only a link-local "
		    "address has an interface after a %" },
		{ "listen on 192.0.2.1:0",
		    "port \"0\": expected a number from 1 to 65535" },
		{ "listen on 192.0.2.1:",
		    "port \"\": expected a number from 1 to 65535" },
		{ "listen on 192.0.2.1:1 bufsize 0",
		    "bufsize \"0\": expected a number from 1 to 2147483647" },
		{ "listen on 192.0.2.1:1 bufsize 2147483648",
		    "bufsize \"2147483648\": expected a number from 1 to "
		    "2147483647" },
		{ "listen on 127.0.0.1:1 name \"a b\"",
		    "name \"a b\": expected a name of up to 31 letters, "
		    "digits, \"_\", \"-\" and \".\"" },
		{ "accept on a-name-that-has-32-characters-12",
		    "on \"a-name-that-has-32-characters-12\": expected a name "
		    "of up to 31 letters, digits, \"_\", \"-\" and \".\"" },
		{ "accept on any on any", "on is specified twice in one rule" },
		{ "accept on",
		    "unexpected end of line after \"on\", expected on [!] "
		    "NAME|{ NAME, ... } or any" },
		{ "accept on { nowhere }",
		    "on \"nowhere\": no listen on statement has this name" },
		{ "listen on 127.0.0.1:2055 bufsize 1",
		    "listen on \"127.0.0.1:2055\": specified twice" },
		{ "flow source 10.0.0.1/31",
		    "flow source \"10.0.0.1/31\": "
		    "the address has bits set after the prefix length, "
		    "expected the address of a network" },
		{ "flow source nowhere",
		    "flow source \"nowhere\": expected "
		    "an IPv4 or IPv6 ADDRESS or ADDRESS/LENGTH" },
		{ "join group 192.0.2.1",
		    "join group \"192.0.2.1\": expected "
		    "a multicast address, from 224.0.0.0/4 or ff00::/8" },
		{ "join group 239.0.0.1%",
		    "join group \"239.0.0.1%\": "
		    "expected the name of an interface after the %" },
		{ "join group 239.0.0.1%an-interface-name",
		    "join group "
		    "\"239.0.0.1%an-interface-name\": expected the name of an "
		    "interface after the %" },
		{ "forward to 192.0.2.1",
		    "forward to \"192.0.2.1\": expected "
		    "ADDRESS:PORT, with an IPv6 address in brackets" },
		{ "logfile /other",
		    "logfile \"/other\": another logfile has no "
		    "tags and gets all flows, expected tag NUMBER[,...] "
		    "after the path" },
		{ "logfile /a tag 1 mode 0660",
		    "mode \"0660\": expected 0600, 0640 or 0644" },
		{ "logfile /a tag 1 mode 440",
		    "mode \"440\": expected 0600, 0640 or 0644" },
		{ "logfile /a tag 1 mode 00640",
		    "mode \"00640\": expected 0600, 0640 or 0644" },
		{ "logfile /a tag 1 mode 0648",
		    "mode \"0648\": expected 0600, 0640 or 0644" },
		{ "logfile /a tag 1 mode 0640 mode 0640",
		    "mode \"0640\": specified twice" },
		{ "logfile /a tag 1 group adm group adm",
		    "group \"adm\": specified twice" },
		{ "logfile /a tag 1 group ''",
		    "group \"\": expected the name of a group" },
		{ "logfile /log tag 1", "logfile \"/log\": specified twice" },
		{ "pidfile \"\"", "pidfile \"\": expected the path of a file" },
		{ "logsock ''", "logsock \"\": expected the path of a file" },
	};
	char *expected = NULL, *text = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_not_equal(
		    asprintf(&text, DAEMON "%s\n", rows[i].text), -1);
		assert_int_not_equal(asprintf(&expected, "t.conf:%d: %s\n",
					 DAEMON_LINES + 1, rows[i].message),
		    -1);
		assert_null(parse_with(text, CONFIG_DAEMON, NULL, 0));
		assert_string_equal(messages, expected);
		free(text);
		free(expected);
	}
}

static void
repeated_statements(void **state)
{
	(void)state;
	assert_null(
	    parse_with(DAEMON "flow source 10.0.0.0/8\nflow source 10.0.0.0/8\n"
			      "join group 239.0.0.1\njoin group 239.0.0.1\n"
			      "forward to 192.0.2.1:1\nforward to 192.0.2.1:1\n"
			      "logsock /a\nlogsock /b\npidfile /c\npidfile /c\n"
			      "sync never\nsync 1\nworkers 2\nworkers 2\n",
		CONFIG_DAEMON, NULL, 0));
	assert_string_equal(messages,
	    "t.conf:4: flow source \"10.0.0.0/8\": specified twice\n"
	    "t.conf:6: join group \"239.0.0.1\": specified twice\n"
	    "t.conf:8: forward to \"192.0.2.1:1\": specified twice\n"
	    "t.conf:10: logsock \"/b\": the statement is specified twice\n"
	    "t.conf:12: pidfile \"/c\": the statement is specified twice\n"
	    "t.conf:14: sync \"1\": specified twice\n"
	    "t.conf:16: workers \"2\": specified twice\n");
}

static void
repeated_parameters(void **state)
{
	static const char *const params[][2] = {
		{ "all", "all" },
		{ "tag", "tag 1" },
		{ "quick", "quick" },
		{ "agent", "agent any" },
		{ "in_ifndx", "in_ifndx 1" },
		{ "out_ifndx", "out_ifndx 1" },
		{ "inet or inet6", "inet" },
		{ "src", "src any" },
		{ "dst", "dst any" },
		{ "proto", "proto 6" },
		{ "tos", "tos 3" },
		{ "tcp_flags", "tcp_flags equals 3" },
		{ "days", "days sun" },
		{ "after", "after 10:00" },
		{ "before", "before 10:00" },
		{ "after date", "after date 2025" },
		{ "before date", "before date 2025" },
	};
	char *expected = NULL, *text = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
		assert_int_not_equal(
		    asprintf(&text, "accept %s %s", params[i][1], params[i][1]),
		    -1);
		assert_int_not_equal(
		    asprintf(&expected,
			"t.conf:1: %s is specified twice in one rule\n",
			params[i][0]),
		    -1);
		assert_error(text, expected);
		free(text);
		free(expected);
	}
	assert_error("accept src any port 1 port 2 proto tcp",
	    "t.conf:1: port does not directly follow the address of src or "
	    "dst, expected src|dst PREFIX|any port NUMBER, such as "
	    "\"dst any port 443 proto tcp\"\n");
}

static void
invalid_dates(void **state)
{
	static const char *const dates[] = {
		"25",
		"1969",
		"20251",
		"202500",
		"202513",
		"20250100",
		"20250132",
		"20250229",
		"20240230",
		"19000229",
		"21000229",
		"20250431",
		"2025013",
		"2025010124",
		"202501011",
		"202501011260",
		"20250101120060",
		"202501011200000",
		"x",
	};
	char *expected = NULL, *text = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		assert_int_not_equal(
		    asprintf(&text, "accept before date %s", dates[i]), -1);
		assert_int_not_equal(
		    asprintf(&expected,
			"t.conf:1: before "
			"date \"%s\": expected a valid date from "
			"1970 on, YYYY[MM[DD[HH[MM[SS]]]]]\n",
			dates[i]),
		    -1);
		assert_error(text, expected);
		free(text);
		free(expected);
	}
}

static void
all_errors_are_reported_in_one_run(void **state)
{
	(void)state;
	assert_error(
	    "lisen on 127.0.0.1:2055\n"
	    "accept src 10.0.0.1 port 5 tcp_flags equals 1\n"
	    "accept tos 300 tos 2 \\\n"
	    "  proto nosuch\n"
	    "accept dst port 5 src 10.0.0.1/8\n"
	    "logfile \"/a\n"
	    "accept tag $a $b\n"
	    "accept all\n"
	    "store NOTHING",
	    "t.conf:1: unknown statement \"lisen\", expected a statement, a "
	    "rule or NAME = VALUE\n"
	    "t.conf:2: port needs proto tcp, udp or sctp in the same rule, "
	    "such as \"dst any port 443 proto tcp\"\n"
	    "t.conf:2: tcp_flags needs proto tcp in the same rule\n"
	    "t.conf:3: tos \"300\": expected a number from 0 to 255\n"
	    "t.conf:3: tos is specified twice in one rule\n"
	    "t.conf:4: proto \"nosuch\": expected the name of a protocol or a "
	    "number from 0 to 255\n"
	    "t.conf:5: unexpected \"port\" after \"dst\", expected dst [!] "
	    "PREFIX|<TABLE>|{ ... } or any, optionally with port\n"
	    "t.conf:5: src \"10.0.0.1/8\": the address has bits set after "
	    "the prefix length, expected the address of a network\n"
	    "t.conf:6: unterminated string, expected a closing \" in the "
	    "same line\n"
	    "t.conf:7: macro \"a\" is not defined\n"
	    "t.conf:9: store \"NOTHING\": expected the name of a field, as in "
	    "flowd.conf(5)\n");
}

static void
long_tokens_are_cut_in_messages(void **state)
{
	char text[300] = "accept tag ", *end = text + strlen(text);

	(void)state;
	memset(end, '7', 200);
	assert_error(text,
	    "t.conf:1: tag \"77777777777777777777777777777777"
	    "7777777777777777777777777777...\": expected a number from 0 to "
	    "4294967295\n");
}

static void
incomplete_for_the_daemon(void **state)
{
	(void)state;
	assert_null(parse_with("accept all\n", CONFIG_DAEMON, NULL, 0));
	assert_string_equal(messages,
	    "t.conf: no listen on statement, so flowd would receive nothing\n"
	    "t.conf: no logfile or logsock statement, so flowd would store "
	    "nothing\n");
	/* A statement with an error does not count as missing. */
	assert_null(
	    parse_with("listen on 1\nlogfile\n", CONFIG_DAEMON, NULL, 0));
	assert_null(strstr(messages, "nothing"));
	config_free(parse("listen on 127.0.0.1:1\nlogsock /a\n"));
}

static void
forward_to_itself(void **state)
{
	(void)state;
	assert_null(parse_with(DAEMON "forward to 127.0.0.1:2055\n",
	    CONFIG_DAEMON, NULL, 0));
	assert_string_equal(messages,
	    "t.conf: forward to and listen on have the same address and port, "
	    "which would forward datagrams in a loop\n");
	config_free(parse(DAEMON "forward to 127.0.0.1:2056\n"));
}

static void
reader_ignores_other_statements(void **state)
{
	struct config *conf = parse_with(
	    "listen on @ADDR@\nlogfile log\n"
	    "logfile log\nlogsock sock bufsize x\nflow source y\n"
	    "flow source any\njoin group z\nforward to x\npidfile p\n"
	    "store TAG\naccept tag 3 all\n",
	    CONFIG_READER, NULL, 0);

	(void)state;
	assert_string_equal(messages, "");
	assert_non_null(conf);
	assert_int_equal(conf->nlistens + conf->sources.n + conf->njoins +
		conf->nforwards,
	    0);
	assert_int_equal(conf->nlogs, 0);
	assert_int_equal(conf->store_mask, STORE_FIELD_TAG);
	assert_int_equal(conf->nrules, 1);
	config_free(conf);
}

static void
empty_for_the_reader(void **state)
{
	struct config *conf = parse_with("", CONFIG_READER, NULL, 0);

	(void)state;
	assert_string_equal(messages, "");
	assert_non_null(conf);
	assert_int_equal(conf->nrules, 0);
	assert_int_equal(conf->store_mask, STORE_FIELD_ALL);
	config_free(conf);
}

static void
unreadable_file(void **state)
{
	FILE *fp = fopen("/", "r");

	(void)state;
	assert_non_null(fp);
	capture_begin();
	assert_null(config_parse(fp, "dir", CONFIG_READER, NULL, 0));
	messages = capture_end();
	assert_string_equal(messages, "dir: Is a directory\n");
	fclose(fp);
}

static void
parser_keeps_no_state(void **state)
{
	struct config *conf;

	(void)state;
	assert_error("x = 1\naccept tag 1 src $nosuch",
	    "t.conf:2: macro \"nosuch\" is not defined\n");
	assert_error("accept tag $x", "t.conf:1: macro \"x\" is not defined\n");
	conf = parse(DAEMON);
	assert_int_equal(conf->nrules, 0);
	config_free(conf);
}

/* Every statement and every parameter. */
static const char everything[] =
    "listen on 127.0.0.1:2055\n"
    "listen on [::1]:2056 bufsize 65536\n"
    "flow source 10.0.0.0/24\n"
    "flow source 2001:db8::/120\n"
    "join group 239.1.2.3%eth0\n"
    "join group ff02::1\n"
    "forward to 192.0.2.1:2055\n"
    "forward to [2001:db8::1]:2055\n"
    "listen on [::]:2057 interface \"eth 0\" bufsize 4096 name east\n"
    "listen on 127.0.0.1:2058 name west\n"
    "table <customers> { 10.0.0.0/24, 192.0.2.0/24 2001:db8::/120,\n"
    "    # of old\n"
    "\t192.0.2.128/25\n"
    "}\n"
    "table <none> { }\n"
    "flow source <customers>\n"
    "join group ff02::2 on lo\n"
    "logfile '/a \"\\quoted\" name'\n"
    "logfile /tagged tag 7, 3,4294967295\n"
    "logfile /%Y%m%d-%H%M tag 8 rotate every 5m compress keep 4G "
    "keep 9 files keep 30d\n"
    "logfile '/of-%{exporter}' tag 10\n"
    "logfile /sized tag 9 keep 1000000000 rotate at size 10M\n"
    "sync 10\n"
    "workers 3\n"
    "limit buffer 3M\n"
    "limit logs 16\n"
    "limit silence 1d\n"
    "limit deaths 10\n"
    "limit interfaces 9\n"
    "limit compressors 64\n"
    "limit exporters 1000\n"
    "limit templates 0x20\n"
    "limit memory 64M\n"
    "statefile /state\n"
    "crashdump /crashes\n"
    "control /control group root\n"
    "logsock \"/b\" bufsize 100\n"
    "pidfile \"/c\"\n"
    "store SRC_ADDR4\n"
    "store OCTETS\n"
    "store CRC32\n"
    "accept tag 7 quick agent ! 192.0.2.1 in_ifndx 1 out_ifndx ! 2 "
    "! inet6 src 10.0.0.0/8 port 1 dst ! 172.16.0.0/12 port ! 2 "
    "proto tcp tos 0xb8 tcp_flags mask 0x12 ! equals 0x02 "
    "days fri-mon after 22:00 before 06:00:30 after date 2024 "
    "before date 20991231235959\n"
    "discard src any port 53 proto udp\n"
    "accept src { <none>, <customers>, 172.16.0.0/12 } port ! < 1024 "
    "dst ! <none> port { 80, 443 8000-8999 } proto { tcp, 17 } "
    "octets > 1000 packets <= 3 src_as 64512-65534 "
    "dst_as ! { 1, 2, 4 } version { 5, >= 9 }\n"
    "discard dst 2001:db8::/64\n"
    "accept all\n"
    "discard on { west, east west } agent 192.0.2.1\n"
    "accept on ! east\n";

static void
printed_form_parses_to_the_same(void **state)
{
	struct config *conf = parse(everything), *again;
	char *text = printed(conf), *text_again;

	(void)state;
	again = parse(text);
	assert_same(conf, again);
	text_again = printed(again);
	assert_string_equal(text, text_again);
	free(text);
	free(text_again);
	config_free(conf);
	config_free(again);
}

static void
packed_form_unpacks_to_the_same(void **state)
{
	struct config *conf = parse(everything), *again;
	size_t len;
	uint8_t *data = packed(conf, &len);
	char *text = printed(conf), *text_again;

	(void)state;
	assert_int_equal(config_unpack(data, len, &again), 0);
	assert_same(conf, again);
	text_again = printed(again);
	assert_string_equal(text, text_again);
	free(text);
	free(text_again);
	free(data);
	config_free(conf);
	config_free(again);
}

static void
sets_of_several_pack_and_print(void **state)
{
	struct config *conf = parse_rule("accept src 10.0.0.0/8 tos 3"), *again;
	struct filter_rule *rule = &conf->rules[0];
	const struct filter_range ranges[] = { { 1, 3 }, { 8, 8 } };
	const struct prefix prefixes[] = { { address("10.0.0.0"), 8 },
		{ address("2001:db8::"), 32 } };
	size_t len;
	uint8_t *data;
	char *text;

	(void)state;
	free(rule->numbers[FILTER_TOS].ranges);
	free(rule->addrs[FILTER_SRC].prefixes);
	rule->numbers[FILTER_TOS].ranges = malloc(sizeof(ranges));
	rule->addrs[FILTER_SRC].prefixes = malloc(sizeof(prefixes));
	assert_non_null(rule->numbers[FILTER_TOS].ranges);
	assert_non_null(rule->addrs[FILTER_SRC].prefixes);
	memcpy(rule->numbers[FILTER_TOS].ranges, ranges, sizeof(ranges));
	memcpy(rule->addrs[FILTER_SRC].prefixes, prefixes, sizeof(prefixes));
	rule->numbers[FILTER_TOS].n = rule->addrs[FILTER_SRC].n = 2;

	data = packed(conf, &len);
	assert_int_equal(config_unpack(data, len, &again), 0);
	text = printed(again);
	assert_string_equal(text,
	    "store ALL\naccept src { 10.0.0.0/8, "
	    "2001:db8::/32 } tos { 0x01-0x03, 0x08 }\n");
	free(text);
	free(data);
	config_free(conf);
	config_free(again);
}

/* Sets are sorted, without duplicates. */
static void
sets_are_normalised(void **state)
{
	(void)state;
	assert_rule_text("accept tos { 3, 1, 2 }", "accept tos 0x01-0x03");
	assert_rule_text("accept tos { 7 5 }", "accept tos { 0x05, 0x07 }");
	assert_rule_text("accept in_ifndx { 1-10, 5-20, 3, 30 }",
	    "accept in_ifndx { 1-20, 30 }");
	assert_rule_text("accept out_ifndx ! { > 9, 3 }",
	    "accept out_ifndx ! { 3, >= 10 }");
	assert_rule_text("accept packets >= 0", "accept packets >= 0");
	assert_rule_text("accept octets <18446744073709551615",
	    "accept octets 0-18446744073709551614");
	assert_rule_text("accept octets > 18446744073709551614",
	    "accept octets 18446744073709551615");
	assert_rule_text("accept proto { udp, icmp, 255 }",
	    "accept proto { 1, 17, 255 }");
	assert_rule_text("accept src_as ! 64512-65534 dst_as <= 5",
	    "accept src_as ! 64512-65534 dst_as 0-5");
	assert_rule_text("accept version 9", "accept version 9");
	assert_rule_text(
	    "accept src ! { 2001:db8::/32, 10.0.0.1, 10.0.0.0/8 10.0.0.1 }",
	    "accept src ! { 10.0.0.0/8, 10.0.0.1/32, 2001:db8::/32 }");
	assert_rule_text("accept src { 10.0.0.0/8, ::/0 } dst ::1",
	    "accept src { 10.0.0.0/8, ::/0 } dst ::1/128");
}

/* Configurations of flowd 0.9.1 can have macros with these names. */
static void
new_keywords_can_be_macros(void **state)
{
	struct config *conf = parse_with(
	    "version = 9\ntable = 10.0.0.0/8\n"
	    "file=4\naccept tag $version src $table\naccept tag $file\n"
	    "accept version $version\n",
	    CONFIG_READER, NULL, 0);

	(void)state;
	assert_string_equal(messages, "");
	assert_non_null(conf);
	assert_int_equal(conf->nrules, 3);
	assert_int_equal(conf->rules[0].tag, 9);
	assert_int_equal(conf->rules[1].tag, 4);
	config_free(conf);
}

static void
several_logs(void **state)
{
	struct config *conf = parse(
	    "listen on 127.0.0.1:1\n"
	    "logfile /a tag 1\nlogfile /b\nlogfile /c tag 9,7,8\n");

	(void)state;
	assert_int_equal(conf->nlogs, 3);
	assert_string_equal(conf->logs[1].path, "/b");
	assert_int_equal(conf->logs[1].ntags, 0);
	assert_int_equal(conf->logs[2].ntags, 3);
	assert_int_equal(conf->logs[2].tags[0], 7);
	assert_int_equal(conf->logs[2].tags[2], 9);
	config_free(conf);
	assert_null(parse_with(
	    "listen on 127.0.0.1:1\nlogfile /a tag 1,2\n"
	    "logfile /b tag 3,2\nlogfile /c tag 5,5\nlogfile /d tag x\n"
	    "logfile \"\" tag 6\n",
	    CONFIG_DAEMON, NULL, 0));
	assert_string_equal(messages,
	    "t.conf:3: tag \"2\": another logfile has this tag\n"
	    "t.conf:4: tag 5 is specified twice\n"
	    "t.conf:5: tag \"x\": expected a number from 0 to 4294967295\n"
	    "t.conf:6: logfile \"\": expected the path of a file\n");
}

static void
rotation(void **state)
{
	struct config *conf = parse(
	    "listen on 127.0.0.1:1\n"
	    "logfile /%Y%m%d-%H%M rotate every 5m keep 2w compress\n"
	    "logfile /b tag 1 rotate at size 10K keep 2G keep 9 files\n"
	    "logfile /%d tag 2\nsync 30\n"
	    "logfile /c tag 3 utc rotate every 1h\n");

	(void)state;
	assert_int_equal(conf->logs[0].rotate_seconds, 300);
	assert_int_equal(conf->logs[0].keep_seconds, 14 * 86400);
	assert_true(conf->logs[0].compress);
	assert_false(conf->logs[0].utc);
	assert_int_equal(conf->logs[1].rotate_size, 10240);
	assert_int_equal(conf->logs[1].keep_size, UINT64_C(2) << 30);
	assert_int_equal(conf->logs[1].keep_files, 9);
	assert_int_equal(conf->logs[1].keep_seconds, 0);
	assert_false(conf->logs[1].compress);
	assert_string_equal(conf->logs[2].path, "/%d");
	assert_true(conf->logs[3].utc);
	assert_int_equal(conf->sync_seconds, 30);
	config_free(conf);
	conf = parse(DAEMON "sync never\n");
	assert_int_equal(conf->sync_seconds, 0);
	config_free(conf);
}

static void
invalid_rotation(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{ "logfile /a tag 1 rotate every 7m",
		    "rotate \"7m\": "
		    "expected a duration that divides a day evenly, such as "
		    "5m or 1h, or whole days or weeks, such as 1d or 2w" },
		{ "logfile /a tag 1 rotate at size 5",
		    "rotate \"5\": "
		    "expected a size of at least 1K, in bytes or with K, M "
		    "or G" },
		{ "logfile /a tag 1 rotate every 1h rotate at size 1M",
		    "rotate \"1M\": specified twice" },
		{ "logfile /a tag 1 rotate every 1h keep 7",
		    "keep \"7\": "
		    "expected a duration such as 30d, a size such as 10G, at "
		    "least 1M, or NUMBER files" },
		{ "logfile /a tag 1 rotate every 1h keep 7d keep 8d",
		    "keep \"8d\": specified twice" },
		{ "logfile /a tag 1 rotate every 1h keep 0 files",
		    "keep "
		    "\"0\": expected a number from 1 to 4294967295" },
		{ "logfile /a tag 1 rotate at size 1M utc",
		    "logfile \"/a\": utc needs rotate every DURATION" },
		{ "logfile /a tag 1 compress",
		    "logfile \"/a\": keep and "
		    "compress need rotate" },
		{ "logfile /%H%M tag 1 rotate every 5m",
		    "logfile "
		    "\"/%H%M\": two intervals would have the same name, "
		    "expected a pattern such as %Y%m%d-%H%M%S" },
		{ "logfile /%Y%U tag 1 rotate every 1w",
		    "logfile "
		    "\"/%Y%U\": expected only %Y, %y, %m, %d, %j, %H, %M, "
		    "%S, %{exporter} and %%, and only in the last part of the path" },
		{ "logfile '/%{exporter}/log' tag 1",
		    "logfile \"/%{exporter}/log\": expected %{exporter} once, "
		    "and only in the last part of the path" },
		{ "logfile '/%{exporter}%{exporter}' tag 1",
		    "logfile \"/%{exporter}%{exporter}\": expected "
		    "%{exporter} once, and only in the last part of the "
		    "path" },
		{ "logfile '/%{exporter}' tag 1",
		    "logfile \"/%{exporter}\": %{exporter} makes a file for "
		    "each address, which a sender can forge; expected flow "
		    "source statements that allow at most 65536 addresses" },
		{ "logfile /%Y%j tag 1 rotate at size 1M",
		    "logfile "
		    "\"/%Y%j\": a path with % needs rotate every DURATION" },
		{ "logfile /log.000001.gz tag 3",
		    "logfile "
		    "\"/log.000001.gz\": its files can have the same names as "
		    "those of another logfile" },
		{ "sync 0",
		    "sync \"0\": expected a number from 1 to "
		    "2147483647" },
	};
	char *text = NULL, *expected = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_not_equal(asprintf(&text,
					 "listen on 127.0.0.1:1\n"
					 "logfile /log rotate every 1d\n%s\n",
					 rows[i].text),
		    -1);
		assert_int_not_equal(
		    asprintf(&expected, "t.conf:3: %s\n", rows[i].message), -1);
		assert_null(parse_with(text, CONFIG_DAEMON, NULL, 0));
		assert_string_equal(messages, expected);
		free(text);
		free(expected);
	}
}

static void
interfaces(void **state)
{
	struct config *conf = parse(
	    "logfile /a\n"
	    "listen on 0.0.0.0:1 interface eth0\n"
	    "listen on 0.0.0.0:1 interface eth1 bufsize 5\n"
	    "join group 239.1.2.3 on eth1\n");

	(void)state;
	assert_string_equal(conf->listens[0].ifname, "eth0");
	assert_string_equal(conf->listens[1].ifname, "eth1");
	assert_int_equal(conf->listens[1].bufsize, 5);
	assert_string_equal(conf->joins[0].ifname, "eth1");
	config_free(conf);
	assert_null(parse_with(DAEMON
	    "listen on 1.2.3.4:5 interface ''\n"
	    "join group 239.1.2.3%a on b\n"
	    "join group 239.1.2.3 on aninterfacethatistoolong\n",
	    CONFIG_DAEMON, NULL, 0));
	assert_string_equal(messages,
	    "t.conf:3: interface \"\": expected the name of an interface\n"
	    "t.conf:4: on \"b\": the group already has an interface, after "
	    "the %\n"
	    "t.conf:5: on \"aninterfacethatistoolong\": expected the name of "
	    "an interface\n");
}

static void
limits(void **state)
{
	struct config *conf = parse(DAEMON
	    "limit exporters 7\n"
	    "limit templates 8\nlimit memory 3G\nlimit buffer 2M\n"
	    "limit logs 9\nlimit silence 30d\nlimit deaths 3\n"
	    "limit interfaces 10\nlimit compressors 2\n");

	(void)state;
	assert_int_equal(conf->limits.exporters, 7);
	assert_int_equal(conf->limits.templates, 8);
	assert_int_equal(conf->limits.memory, UINT64_C(3) << 30);
	assert_int_equal(conf->limits.buffer, UINT64_C(2) << 20);
	assert_int_equal(conf->limits.logs, 9);
	assert_int_equal(conf->limits.silence, 30 * 86400);
	assert_int_equal(conf->limits.deaths, 3);
	assert_int_equal(conf->limits.interfaces, 10);
	assert_int_equal(conf->limits.compressors, 2);
	config_free(conf);
	conf = parse(DAEMON);
	assert_int_equal(conf->limits.exporters, 0);
	config_free(conf);
	assert_null(parse_with(DAEMON
	    "limit exporters 0\nlimit memory 5\n"
	    "limit memory 2T\nlimit memory 99999999999999999G\n"
	    "limit templates 1\nlimit templates 1\nlimit flows 3\n"
	    "limit logs 4097\n"
	    "limit silence 5\nlimit silence 1s\nlimit silence 1s\n"
	    "limit deaths 0\nlimit deaths 11\nlimit interfaces 1048577\n"
	    "limit compressors 0\nlimit compressors 65\n",
	    CONFIG_DAEMON, NULL, 0));
	assert_string_equal(messages,
	    "t.conf:3: exporters \"0\": expected a number from 1 to "
	    "4294967295\n"
	    "t.conf:4: memory \"5\": expected a size of at least 1M, in bytes "
	    "or with K, M or G\n"
	    "t.conf:5: memory \"2T\": expected a size of at least 1M, in bytes "
	    "or with K, M or G\n"
	    "t.conf:6: memory \"99999999999999999G\": expected a size of at "
	    "least 1M, in bytes or with K, M or G\n"
	    "t.conf:8: templates \"1\": the limit is specified twice\n"
	    "t.conf:9: unexpected \"flows\" after \"limit\", expected limit "
	    "exporters NUMBER, limit templates NUMBER, limit interfaces "
	    "NUMBER, limit memory SIZE, limit buffer SIZE, limit logs NUMBER, "
	    "limit silence DURATION, limit deaths NUMBER or limit compressors "
	    "NUMBER\n"
	    "t.conf:10: logs \"4097\": expected a number from 1 to 4096\n"
	    "t.conf:11: silence \"5\": expected a duration such as 12h or "
	    "30d\n"
	    "t.conf:13: silence \"1s\": the limit is specified twice\n"
	    "t.conf:14: deaths \"0\": expected a number from 1 to 10\n"
	    "t.conf:15: deaths \"11\": expected a number from 1 to 10\n"
	    "t.conf:16: interfaces \"1048577\": expected a number from 1 to "
	    "1048576\n"
	    "t.conf:17: compressors \"0\": expected a number from 1 to 64\n"
	    "t.conf:18: compressors \"65\": expected a number from 1 to "
	    "64\n");
}

static void
tables(void **state)
{
	struct config *conf = parse_with(
	    "table <a-1> {\n\t10.0.0.0/8\t# comment\n\n"
	    "  2001:db8::/32, ::1 10.0.0.1\n}\n"
	    "table <src> { 10.0.0.0/8 10.0.0.0/8 } # twice\n"
	    "accept src <a-1> dst ! { <src>, 192.0.2.1, <a-1> }\n",
	    CONFIG_READER, NULL, 0);
	const struct filter_rule *rule;

	(void)state;
	assert_string_equal(messages, "");
	assert_non_null(conf);
	assert_int_equal(conf->ntables, 2);
	assert_string_equal(conf->tables[0].name, "a-1");
	assert_int_equal(conf->tables[0].n, 4);
	assert_addr(&conf->tables[0].prefixes[1].addr, "10.0.0.1");
	assert_addr(&conf->tables[0].prefixes[2].addr, "::1");
	assert_int_equal(conf->tables[1].n, 1);
	rule = &conf->rules[0];
	assert_int_equal(rule->addrs[FILTER_SRC].ntables, 1);
	assert_int_equal(rule->addrs[FILTER_DST].ntables, 2);
	assert_int_equal(rule->addrs[FILTER_DST].n, 1);
	assert_true(rule->addrs[FILTER_DST].negated);
	config_free(conf);
}

static void
table_errors(void **state)
{
	(void)state;
	assert_error(
	    "table <a> { 10.0.0.1/8, <b>\n"
	    "  10.0.0.0/8, x }\n"
	    "table <a> { }\n"
	    "table <a> { }\n"
	    "table <a b> { }\n"
	    "table <'a b'> { }\n"
	    "table b { }\n"
	    "table <c> {\n"
	    "  10.0.0.0/8,\n"
	    "accept src <nosuch>\n"
	    "table <d> { 10.0.0.0/8 ! }\n"
	    "accept src <d> tos 300\n"
	    "table <f> file /nosuch/file\n"
	    "table <g> file /dev/null\n"
	    "accept src <f> dst <g>\n"
	    "table <late> { }",
	    "t.conf:1: table \"10.0.0.1/8\": the address has bits set after "
	    "the prefix length, expected the address of a network\n"
	    "t.conf:1: table \"b\": tables cannot be nested, expected prefixes\n"
	    "t.conf:2: table \"x\": expected an IPv4 or IPv6 ADDRESS or "
	    "ADDRESS/LENGTH\n"
	    "t.conf:3: table \"a\": specified twice\n"
	    "t.conf:4: table \"a\": specified twice\n"
	    "t.conf:5: unexpected \"b\" after \"a\", expected table <NAME> { "
	    "PREFIX, ... } or table <NAME> file \"PATH\"\n"
	    "t.conf:6: table \"a b\": expected a name of up to 31 letters, "
	    "digits, \"_\", \"-\" and \".\"\n"
	    "t.conf:7: unexpected \"b\" after \"table\", expected table "
	    "<NAME> { PREFIX, ... } or table <NAME> file \"PATH\"\n"
	    "t.conf:9: unexpected end of line after \",\", expected table "
	    "<NAME> { PREFIX, ... } or table <NAME> file \"PATH\"\n"
	    "t.conf:10: src <nosuch>: no table of that name is defined above\n"
	    "t.conf:11: unexpected \"!\" after \"10.0.0.0/8\", expected "
	    "table <NAME> { PREFIX, ... } or table <NAME> file \"PATH\"\n"
	    "t.conf:12: src <d>: no table of that name is defined above\n"
	    "t.conf:12: tos \"300\": expected a number from 0 to 255\n"
	    "t.conf:13: file \"/nosuch/file\": No such file or directory\n"
	    "t.conf:14: file \"/dev/null\": not a regular file\n");
}

/* Files in a directory that is removed after the test. */
static char dir[4096];

static void
write_file(const char *name, const char *text)
{
	char path[4096 + 8];
	FILE *fp;

	assert_true(snprintf(path, sizeof(path), "%s/%s", dir, name) <
	    (int)sizeof(path));
	assert_non_null(fp = fopen(path, "w"));
	assert_int_equal(fputs(text, fp) >= 0, 1);
	assert_int_equal(fclose(fp), 0);
}

static int
make_directory(void **state)
{
	(void)state;
	if (temporary_name(dir, sizeof(dir), "config") == -1)
		return (-1);
	return (mkdtemp(dir) == NULL ? -1 : 0);
}

static int
remove_directory(void **state)
{
	static const char *const names[] = { "main", "a", "b", "c", "t" };
	char path[4096 + 8];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	return (rmdir(dir));
}

/* Parses the file "main"; messages have "DIR" for the directory. */
static struct config *
parse_main(void)
{
	char path[4096 + 8], *at;
	struct config *conf;
	FILE *fp;

	(void)snprintf(path, sizeof(path), "%s/main", dir);
	assert_non_null(fp = fopen(path, "r"));
	capture_begin();
	conf = config_parse(fp, path, CONFIG_READER, NULL, 0);
	messages = capture_end();
	fclose(fp);
	while ((at = strstr(messages, dir)) != NULL) {
		memcpy(at, "DIR", 3);
		memmove(at + 3, at + strlen(dir), strlen(at + strlen(dir)) + 1);
	}
	return (conf);
}

static void
text_opens_no_files(void **state)
{
	struct config *conf;

	(void)state;
	conf = parse_with(
	    "net = 10.0.0.0/8\ntable <t> { $net }\n"
	    "store OCTETS\nlogfile \"/x\"\naccept src <t>\n",
	    CONFIG_TEXT, NULL, 0);
	assert_string_equal(messages, "");
	assert_int_equal(conf->nrules, 1);
	assert_int_equal(conf->nlogs, 0);
	config_free(conf);
	assert_null(
	    parse_with("include \"/etc/passwd\"\n"
		       "table <t> file \"/etc/hosts\"\n"
		       "f = /etc/hosts\ninclude $f\n",
		CONFIG_TEXT, NULL, 0));
	assert_string_equal(messages,
	    "t.conf:1: include \"/etc/passwd\": rules that are given as text "
	    "cannot read files\n"
	    "t.conf:2: file \"/etc/hosts\": rules that are given as text "
	    "cannot read files\n"
	    "t.conf:4: include \"/etc/hosts\": rules that are given as text "
	    "cannot read files\n");
}

static void
includes(void **state)
{
	struct config *conf;

	(void)state;
	write_file("main", "include \"a\"\ninclude b\naccept tag $n\n");
	write_file("a", "n = 3\naccept tag 1\ninclude c # and on");
	write_file("b", "table <t> file t\naccept src <t>\ninclude 'c'\n");
	write_file("c", "");
	write_file("t", "# prefixes\n\n  10.0.0.0/8  # one\r\n::1\n10.0.0.0/8");
	conf = parse_main();
	assert_string_equal(messages, "");
	assert_non_null(conf);
	assert_int_equal(conf->nrules, 3);
	assert_int_equal(conf->rules[0].tag, 1);
	assert_int_equal(conf->rules[2].tag, 3);
	assert_int_equal(conf->tables[0].n, 2);
	config_free(conf);
}

static void
include_errors(void **state)
{
	(void)state;
	write_file("main",
	    "include a\ninclude nosuch\ninclude /dev/null\n"
	    "include\naccept tos 256\n");
	write_file("a", "\naccept tos 257\ninclude b\naccept tos 258");
	write_file("b",
	    "accept {\ninclude main\ntable <t> file t\n"
	    "accept src <t>\n");
	write_file("t", "10.0.0.0/8\n10.0.0.1/8\nx y\n");
	assert_null(parse_main());
	assert_string_equal(messages,
	    "DIR/a:2: tos \"257\": expected a number from 0 to 255\n"
	    "DIR/b:1: unexpected \"{\" after \"accept\", expected a "
	    "parameter of the rule, as in flowd.conf(5), or the end of the "
	    "line\n"
	    "DIR/b:2: include \"main\": the file would include itself\n"
	    "DIR/t:2: table \"10.0.0.1/8\": the address has bits set after "
	    "the prefix length, expected the address of a network\n"
	    "DIR/t:3: table \"x y\": expected an IPv4 or IPv6 ADDRESS or "
	    "ADDRESS/LENGTH\n"
	    "DIR/a:4: tos \"258\": expected a number from 0 to 255\n"
	    "DIR/main:2: include \"nosuch\": No such file or directory\n"
	    "DIR/main:3: include \"/dev/null\": not a regular file\n"
	    "DIR/main:4: unexpected end of line after \"include\", expected "
	    "include \"PATH\"\n"
	    "DIR/main:5: tos \"256\": expected a number from 0 to 255\n");
}

static void
errors_in_a_table_file_are_bounded(void **state)
{
	char text[1001];
	size_t i;
	int lines = 0;

	(void)state;
	for (i = 0; i < 1000; i += 2)
		memcpy(text + i, "x\n", 3);
	write_file("t", text);
	write_file("main", "table <t> file t\naccept tos 256\n");
	assert_null(parse_main());
	for (i = 0; messages[i] != '\0'; i++)
		lines += messages[i] == '\n';
	assert_int_equal(lines, 102);
	assert_non_null(strstr(messages,
	    "DIR/t:100: 100 errors; the rest of the file was not read\n"
	    "DIR/main:2: "));
}

static void
sources_are_looked_up(void **state)
{
	struct config *conf = parse(DAEMON
	    "table <t> { 192.0.2.0/24, "
	    "192.0.2.7, 2001:db8::/32 }\nflow source { <t>, 10.0.0.0/8 }\n"
	    "flow source 2001:db8::9\n");
	struct prefix_map *sources = config_sources(conf);
	static const struct {
		const char *addr;
		uint32_t source;
	} rows[] = {
		{ "192.0.2.1", SOURCE_ALLOWED },
		{ "192.0.2.7", SOURCE_NAMED },
		{ "192.0.3.0", SOURCE_REFUSED },
		{ "10.1.2.3", SOURCE_ALLOWED },
		{ "2001:db8::8", SOURCE_ALLOWED },
		{ "2001:db8::9", SOURCE_NAMED },
		{ "2001:db8::a", SOURCE_ALLOWED },
		{ "2001:db9::9", SOURCE_REFUSED },
	};
	struct addr addr;
	size_t i;

	(void)state;
	assert_non_null(sources);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		addr = address(rows[i].addr);
		assert_int_equal(prefix_map_find(sources, &addr),
		    rows[i].source);
	}
	prefix_map_free(sources);
	config_free(conf);
	conf = parse(DAEMON);
	sources = config_sources(conf);
	assert_non_null(sources);
	assert_int_equal(prefix_map_find(sources, &addr), SOURCE_ALLOWED);
	prefix_map_free(sources);
	config_free(conf);
}

static void
large_configuration_packs(void **state)
{
	struct config *conf, *again;
	char *text = NULL;
	uint8_t *data;
	size_t len;
	FILE *fp = open_memstream(&text, &len);
	int i;

	(void)state;
	assert_non_null(fp);
	for (i = 0; i < 10000; i++)
		fprintf(fp, "accept tag %d src 10.%d.%d.0/24\n", i, i / 256,
		    i % 256);
	fclose(fp);
	conf = parse_with(text, CONFIG_READER, NULL, 0);
	assert_non_null(conf);
	assert_int_equal(conf->nrules, 10000);
	data = packed(conf, &len);
	assert_int_equal(config_unpack(data, len, &again), 0);
	assert_same(conf, again);
	free(text);
	free(data);
	config_free(conf);
	config_free(again);
}

/* An allocation of exactly this size, so that a sanitizer sees overreads. */
static int
unpack_copy(const uint8_t *data, size_t len, struct config **conf)
{
	uint8_t *copy = malloc(len == 0 ? 1 : len);
	int r;

	assert_non_null(copy);
	memcpy(copy, data, len);
	r = config_unpack(copy, len, conf);
	free(copy);
	return (r);
}

static void
unpack_refuses_truncation(void **state)
{
	struct config *conf = parse(everything), *again;
	size_t len, cut;
	uint8_t *data = packed(conf, &len), *longer;

	(void)state;
	for (cut = 0; cut < len; cut++) {
		assert_int_equal(unpack_copy(data, cut, &again), FLOWD_ESHORT);
		assert_null(again);
	}
	longer = calloc(1, len + 1);
	assert_non_null(longer);
	memcpy(longer, data, len);
	assert_int_equal(unpack_copy(longer, len + 1, &again), FLOWD_EINVAL);
	free(longer);
	free(data);
	config_free(conf);
}

static void
unpack_refuses_another_version(void **state)
{
	struct config *conf = parse(everything), *again;
	size_t len;
	uint8_t *data = packed(conf, &len);

	(void)state;
	data[3]++;
	assert_int_equal(unpack_copy(data, len, &again), FLOWD_EVERSION);
	free(data);
	config_free(conf);
}

static void
unpack_refuses_counts_beyond_its_bytes(void **state)
{
	/* The version, and 4294967295 listeners. */
	static const uint8_t data[64] = { 0, 0, 0, 9, 255, 255, 255, 255 };
	struct config *conf;

	(void)state;
	assert_int_equal(unpack_copy(data, sizeof(data), &conf), FLOWD_ESHORT);
	assert_null(conf);
}

static void
lengthen(char **path)
{
	*path = realloc(*path, PATH_MAX + 1);
	assert_non_null(*path);
	memset(*path, 'x', PATH_MAX);
	(*path)[PATH_MAX] = '\0';
}

/* Each case makes a configuration that the parser cannot produce. */
static void
damage(struct config *conf, int which)
{
	struct filter_rule *rule = &conf->rules[0];

	switch (which) {
	case 0:
		conf->listens[0].port = 0;
		break;
	case 1:
		conf->listens[0].bufsize = UINT32_C(1) << 31;
		break;
	case 2:
		conf->listens[0].addr.family = ADDR_NONE;
		break;
	case 3:
		conf->listens[0].addr.family = 5;
		break;
	case 4:
		conf->listens[0].addr.bytes[4] = 1; /* IPv4 has 4 */
		break;
	case 5:
		conf->sources.prefixes[0].len = 33;
		break;
	case 6:
		conf->joins[0].group = address("192.0.2.1");
		break;
	case 7:
		memset(conf->joins[0].ifname, 'x', IF_NAMESIZE);
		break;
	case 8:
		conf->forwards[0].port = 0;
		break;
	case 9:
		lengthen(&conf->logs[0].path);
		break;
	case 10:
		conf->logsock_bufsize = UINT32_C(1) << 31;
		break;
	case 11:
		conf->store_mask = 0;
		break;
	case 12:
		conf->store_mask |= STORE_FIELD_RESERVED;
		break;
	case 13:
		rule->verdict = (enum filter_verdict)2;
		break;
	case 14:
		rule->flags |= FILTER_FLAGS + 1;
		break;
	case 15:
		rule->family = 1;
		break;
	case 16:
		rule->after = FILTER_DAY_SECONDS;
		break;
	case 17:
		rule->before = FILTER_DAY_SECONDS;
		break;
	case 18:
		rule->after_date = INT64_MAX;
		break;
	case 19:
		rule->before_date = INT64_MIN;
		break;
	case 20:
		rule->days = FILTER_DAYS + 1;
		break;
	case 21:
		rule->numbers[FILTER_TOS].ranges[0].hi = 256;
		break;
	case 22:
		rule->numbers[FILTER_DST_PORT].ranges[0].lo++;
		break;
	case 23:
		conf->listens[2].ifname[IF_NAMESIZE - 2] = 'x';
		break;
	case 24:
		conf->tables[0].name[0] = ' ';
		break;
	case 25:
		conf->tables[0].prefixes[0] = conf->tables[0].prefixes[1];
		break;
	case 26:
		conf->tables[0].prefixes[3].len = 129;
		break;
	case 27:
		conf->sources.tables[0] = 2;
		break;
	case 28:
		conf->rules[2].addrs[FILTER_DST].tables[0] = UINT32_MAX;
		break;
	case 29:
		conf->sources.negated = true;
		break;
	case 30:
		conf->logs[1].tags[0] = 7;
		break;
	case 31: /* adjacent, 80 and 81 */
		conf->rules[2].numbers[FILTER_DST_PORT].ranges[1].lo = 81;
		break;
	case 32:
		conf->listens[3].name[0] = ' ';
		break;
	case 33:
		conf->rules[5].on.listeners[0].name[0] = '\0';
		break;
	case 34:
		conf->rules[5].on.listeners[0].name[0] = 'x';
		break;
	case 35:
		conf->limits.logs = CONFIG_LOGS_MAX + 1;
		break;
	default:
		fail();
	}
}
#define DAMAGES 36

static void
unpack_refuses_values_out_of_range(void **state)
{
	struct config *conf, *again;
	uint8_t *data;
	size_t len;
	int which;

	(void)state;
	for (which = 0; which < DAMAGES; which++) {
		conf = parse(everything);
		damage(conf, which);
		data = packed(conf, &len);
		if (unpack_copy(data, len, &again) != FLOWD_EINVAL)
			fail_msg("damage %d is not refused", which);
		assert_null(again);
		free(data);
		config_free(conf);
	}
}

static void
unpack_refuses_host_bits(void **state)
{
	struct config *conf = parse(everything), *again;
	uint8_t *data;
	size_t len;

	(void)state;
	conf->sources.prefixes[0].addr.bytes[3] = 1;
	data = packed(conf, &len);
	assert_int_equal(unpack_copy(data, len, &again), FLOWD_EHOSTBITS);
	free(data);
	config_free(conf);
}

/* The example in the C standard, which is the same on every system. */
static uint32_t
random_number(void)
{
	static uint32_t seed = 1;

	seed = seed * 1103515245 + 12345;
	return (seed >> 16 & 0x7fff);
}

static void
unpack_accepts_only_results_of_pack(void **state)
{
	struct config *conf = parse(everything), *again;
	size_t len, len_again, at, accepted = 0;
	uint8_t *data = packed(conf, &len), *data_again, old;
	int i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		at = random_number() % len;
		old = data[at];
		data[at] ^= (uint8_t)(1U << random_number() % 8);
		if (unpack_copy(data, len, &again) == 0) {
			data_again = packed(again, &len_again);
			assert_int_equal(len, len_again);
			assert_memory_equal(data, data_again, len);
			free(data_again);
			config_free(again);
			accepted++;
		}
		data[at] = old;
	}
	/* Some flips give another valid configuration, many do not. */
	assert_in_range(accepted, 1000, 19000);
	free(data);
	config_free(conf);
}

static const char *
pick(const char *const *choices, size_t n)
{
	return (choices[random_number() % n]);
}
#define PICK(choices) pick(choices, sizeof(choices) / sizeof((choices)[0]))

static void
random_addresses(FILE *fp)
{
	static const char *const addrs[] = {
		"10.0.0.0/8",
		"10.1.0.0/16",
		"192.0.2.7",
		"<t>",
		"0.0.0.0/0",
		"<empty>",
		"{ <t>, 10.9.0.0/16 }",
		"{ 10.0.0.1 10.0.0.2,<t> }",
		"! 10.0.0.0/8",
		"!<t>",
		"! { <empty> <t> 10.2.0.0/16 }",
		"any",
	};

	fputs(PICK(addrs), fp);
}

static void
random_numbers(FILE *fp)
{
	static const char *const numbers[] = {
		"0",
		"255",
		"7-9",
		"! 6",
		"< 10",
		"> 254",
		">= 200",
		"<= 0",
		"{ 1, 2 3 }",
		"! { < 3, 100-200, > 250 }",
		"{ 0-255 }",
		"! >= 0",
		"0x10-0x20",
		"017",
	};

	fputs(PICK(numbers), fp);
}

static void
random_rule(FILE *fp)
{
	static const char *const params[] = {
		"in_ifndx", "out_ifndx", "tos", "packets", "octets", "src_as",
		"dst_as", "version",
	}, *const others[] = {
		" quick", " days fri-mon", " after 10:00 before 09:00:01",
		" before date 20250102", " after date 1999", " agent <t>",
	};
	size_t i;

	if (random_number() % 2 == 0)
		fprintf(fp, "accept tag %u", random_number());
	else
		fputs("discard", fp);
	for (i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
		if (random_number() % 4 != 0)
			continue;
		fprintf(fp, " %s ", params[i]);
		random_numbers(fp);
	}
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (random_number() % 5 == 0)
			fputs(others[i], fp);
	}
	for (i = 0; i < 2; i++) {
		if (random_number() % 2 == 0)
			continue;
		fputs(i == 0 ? " src " : " dst ", fp);
		random_addresses(fp);
		if (random_number() % 3 == 0) {
			fputs(" port ", fp);
			random_numbers(fp);
		}
	}
	/* They are needed if there are ports or flags. */
	fputs(" proto tcp", fp);
	if (random_number() % 3 == 0)
		fputs(" tcp_flags mask 0x12 ! equals 2", fp);
	fputc('\n', fp);
}

static char *
random_configuration(void)
{
	static const char *const statements[] = {
		"listen on [::1]:2 interface lo bufsize 5\n",
		"flow source <t>\n",
		"flow source { 10.0.0.0/8, <empty> }\n",
		"flow source any\n",
		"join group 239.1.1.1 on lo\n",
		"forward to [::1]:77\n",
		"logfile '/x\\\\\"y' tag 2,1\n",
		"logsock /s bufsize 9\n",
		"pidfile /p\n",
		"statefile /q\n",
		"limit exporters 5\n",
		"limit templates 6\n",
		"limit memory 7M\n",
		"store OCTETS\n",
		"store SRC_ADDR\n",
	};
	char *text = NULL;
	size_t i, size;
	FILE *fp = open_memstream(&text, &size);

	assert_non_null(fp);
	fputs(DAEMON
	    "table <t> { 10.3.0.0/16, 10.3.1.0/24 }\n"
	    "table <empty> { }\n",
	    fp);
	for (i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		if (random_number() % 2 == 0)
			fputs(statements[i], fp);
	}
	for (i = random_number() % 5; i > 0; i--)
		random_rule(fp);
	assert_int_equal(fclose(fp), 0);
	return (text);
}

static void
random_configurations_print_and_pack(void **state)
{
	struct config *conf, *printed_again, *unpacked;
	char *text, *out;
	uint8_t *data;
	size_t len;
	int i;

	(void)state;
	for (i = 0; i < 2000; i++) {
		text = random_configuration();
		conf = parse(text);
		out = printed(conf);
		printed_again = parse(out);
		assert_same(conf, printed_again);
		data = packed(conf, &len);
		assert_int_equal(config_unpack(data, len, &unpacked), 0);
		assert_same(conf, unpacked);
		config_free(conf);
		config_free(printed_again);
		config_free(unpacked);
		free(data);
		free(text);
		free(out);
	}
}

/* Changes a few bytes of text: replaces, removes or repeats a part of it. */
static size_t
mutate(char *text, size_t len, size_t size)
{
	static const char bytes[] = "\n\\\"'$#=!,-/:.%{}[] 0aft\r\t\001\377";
	unsigned int n = 1 + random_number() % 4;
	size_t at, run;

	while (n-- > 0) {
		at = random_number() % len;
		run = random_number() % 20;
		if (run > len - at - 1)
			run = len - at - 1;
		switch (random_number() % 4) {
		case 0:
			text[at] = bytes[random_number() % sizeof(bytes)];
			break;
		case 1:
			text[at] = (char)(random_number() & 0xff);
			break;
		case 2:
			memmove(text + at, text + at + run, len - at - run);
			len -= run;
			break;
		default:
			if (len + run > size)
				break;
			memmove(text + at + run, text + at, len - at);
			len += run;
			break;
		}
	}
	return (len);
}

static void
mutated_files_are_harmless(void **state)
{
	char text[2 * sizeof(everything)];
	struct config *conf, *again;
	FILE *fp;
	size_t accepted = 0, len;
	char *out;
	int i;

	(void)state;
	capture_begin();
	for (i = 0; i < 5000; i++) {
		memcpy(text, everything, sizeof(everything));
		len = mutate(text, sizeof(everything) - 1, sizeof(text));
		fp = fmemopen(text, len, "r");
		assert_non_null(fp);
		conf = config_parse(fp, "fuzz",
		    i % 2 == 0 ? CONFIG_DAEMON : CONFIG_READER, NULL, 0);
		fclose(fp);
		if (conf == NULL)
			continue;
		out = printed(conf);
		fp = fmemopen(out, strlen(out), "r");
		assert_non_null(fp);
		again = config_parse(fp, "again",
		    i % 2 == 0 ? CONFIG_DAEMON : CONFIG_READER, NULL, 0);
		assert_non_null(again);
		fclose(fp);
		free(out);
		config_free(conf);
		config_free(again);
		accepted++;
	}
	messages = capture_end();
	assert_in_range(accepted, 50, 4900);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listen_statement),
		cmocka_unit_test(flow_source_statement),
		cmocka_unit_test(names_of_listeners),
		cmocka_unit_test(a_rule_has_few_names),
		cmocka_unit_test(join_statement),
		cmocka_unit_test(join_without_a_listener_of_its_family),
		cmocka_unit_test(output_statements),
		cmocka_unit_test(store_statement),
		cmocka_unit_test(macros_are_replaced_by_their_text),
		cmocka_unit_test(macros_in_quotes_are_text),
		cmocka_unit_test(one_file_has_one_purpose),
		cmocka_unit_test(macros_have_the_latest_value),
		cmocka_unit_test(macros_of_the_command_line_have_priority),
		cmocka_unit_test(macros_of_the_command_line_are_checked),
		cmocka_unit_test(unused_macros_are_reported_with_debug),
		cmocka_unit_test(lines_and_comments),
		cmocka_unit_test(rule_numbers),
		cmocka_unit_test(rule_addresses),
		cmocka_unit_test(rule_texts),
		cmocka_unit_test(rule_days),
		cmocka_unit_test(rule_dates),
		cmocka_unit_test(errors),
		cmocka_unit_test(daemon_errors),
		cmocka_unit_test(repeated_statements),
		cmocka_unit_test(repeated_parameters),
		cmocka_unit_test(invalid_dates),
		cmocka_unit_test(all_errors_are_reported_in_one_run),
		cmocka_unit_test(long_tokens_are_cut_in_messages),
		cmocka_unit_test(incomplete_for_the_daemon),
		cmocka_unit_test(forward_to_itself),
		cmocka_unit_test(reader_ignores_other_statements),
		cmocka_unit_test(empty_for_the_reader),
		cmocka_unit_test(unreadable_file),
		cmocka_unit_test(parser_keeps_no_state),
		cmocka_unit_test(printed_form_parses_to_the_same),
		cmocka_unit_test(packed_form_unpacks_to_the_same),
		cmocka_unit_test(sets_of_several_pack_and_print),
		cmocka_unit_test(sets_are_normalised),
		cmocka_unit_test(new_keywords_can_be_macros),
		cmocka_unit_test(several_logs),
		cmocka_unit_test(rotation),
		cmocka_unit_test(invalid_rotation),
		cmocka_unit_test(interfaces),
		cmocka_unit_test(limits),
		cmocka_unit_test(tables),
		cmocka_unit_test(table_errors),
		cmocka_unit_test(text_opens_no_files),
		cmocka_unit_test_setup_teardown(includes, make_directory,
		    remove_directory),
		cmocka_unit_test_setup_teardown(include_errors, make_directory,
		    remove_directory),
		cmocka_unit_test_setup_teardown(
		    errors_in_a_table_file_are_bounded, make_directory,
		    remove_directory),
		cmocka_unit_test(sources_are_looked_up),
		cmocka_unit_test(random_configurations_print_and_pack),
		cmocka_unit_test(large_configuration_packs),
		cmocka_unit_test(unpack_refuses_truncation),
		cmocka_unit_test(unpack_refuses_another_version),
		cmocka_unit_test(unpack_refuses_counts_beyond_its_bytes),
		cmocka_unit_test(unpack_refuses_values_out_of_range),
		cmocka_unit_test(unpack_refuses_host_bits),
		cmocka_unit_test(unpack_accepts_only_results_of_pack),
		cmocka_unit_test(mutated_files_are_harmless),
	};

	/* The time zone of Central Europe, without zone files. */
	if (setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1) == -1)
		return (1);
	tzset();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
