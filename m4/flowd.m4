dnl FLOWD_CC_FLAG(FLAG): adds FLAG to FLOWD_CFLAGS if the compiler accepts it
dnl without a warning.  Sets flowd_flag_ok to yes or no.
AC_DEFUN([FLOWD_CC_FLAG], [
	AC_MSG_CHECKING([whether $CC accepts $1])
	flowd_saved_cflags=$CFLAGS
	CFLAGS="$CFLAGS -Werror $1"
	AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
	    [flowd_flag_ok=yes; FLOWD_CFLAGS="$FLOWD_CFLAGS $1"],
	    [flowd_flag_ok=no])
	CFLAGS=$flowd_saved_cflags
	AC_MSG_RESULT([$flowd_flag_ok])
])

dnl FLOWD_LD_FLAG(FLAG): the same for the linker and FLOWD_LDFLAGS.
AC_DEFUN([FLOWD_LD_FLAG], [
	AC_MSG_CHECKING([whether the linker accepts $1])
	flowd_saved_ldflags=$LDFLAGS
	flowd_saved_cflags=$CFLAGS
	LDFLAGS="$LDFLAGS $1"
	CFLAGS="$CFLAGS -Werror"
	AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
	    [flowd_flag_ok=yes; FLOWD_LDFLAGS="$FLOWD_LDFLAGS $1"],
	    [flowd_flag_ok=no])
	LDFLAGS=$flowd_saved_ldflags
	CFLAGS=$flowd_saved_cflags
	AC_MSG_RESULT([$flowd_flag_ok])
])

dnl Position-independent programs, if compiler and linker support them.
AC_DEFUN([FLOWD_PIE], [
	AC_MSG_CHECKING([whether $CC makes position-independent programs])
	flowd_saved_cflags=$CFLAGS
	flowd_saved_ldflags=$LDFLAGS
	CFLAGS="$CFLAGS -Werror -fPIE"
	LDFLAGS="$LDFLAGS -pie"
	AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
	    [flowd_flag_ok=yes; PIE_CFLAGS=-fPIE; PIE_LDFLAGS=-pie],
	    [flowd_flag_ok=no])
	CFLAGS=$flowd_saved_cflags
	LDFLAGS=$flowd_saved_ldflags
	AC_MSG_RESULT([$flowd_flag_ok])
])

dnl FLOWD_SHARED_FLAG(FLAG): adds FLAG to SHARED_LDFLAGS if a shared library can
dnl be linked with it.  Sets flowd_flag_ok to yes or no.
AC_DEFUN([FLOWD_SHARED_FLAG], [
	AC_MSG_CHECKING([whether a shared library is linked with $1])
	flowd_saved_cflags=$CFLAGS
	flowd_saved_ldflags=$LDFLAGS
	CFLAGS="$CFLAGS -Werror $SHARED_CFLAGS"
	LDFLAGS="$LDFLAGS $SHARED_LDFLAGS $1"
	AC_LINK_IFELSE([AC_LANG_SOURCE([[int flowd_one(void);
int flowd_one(void) { return (1); }]])],
	    [flowd_flag_ok=yes; SHARED_LDFLAGS="$SHARED_LDFLAGS $1"],
	    [flowd_flag_ok=no])
	CFLAGS=$flowd_saved_cflags
	LDFLAGS=$flowd_saved_ldflags
	AC_MSG_RESULT([$flowd_flag_ok])
])

dnl FLOWD_SANDBOX: sets SANDBOX to the mechanism of --with-sandbox=WHICH; see
dnl sandbox.h.  A mechanism is available if a test program compiles and links.
AC_DEFUN([FLOWD_SANDBOX_TRY], [
	if test "$SANDBOX" = none-yet; then
		case $with_sandbox in
		auto|$1)
			AC_MSG_CHECKING([for sandbox $1])
			AC_LINK_IFELSE([AC_LANG_SOURCE([$2])],
			    [SANDBOX=$1; AC_MSG_RESULT([yes])],
			    [AC_MSG_RESULT([no])])
			;;
		esac
	fi
])
AC_DEFUN([FLOWD_SANDBOX], [
	AC_ARG_WITH([sandbox],
	    [AS_HELP_STRING([--with-sandbox=WHICH],
		[seccomp, pledge, capsicum, rlimit or no (auto: the first
		that is available)])], [], [with_sandbox=auto])
	SANDBOX=none-yet
	case $with_sandbox in
	auto|yes|seccomp|pledge|capsicum) ;;
	rlimit) SANDBOX=rlimit ;;
	no) SANDBOX=none ;;
	*) AC_MSG_ERROR([--with-sandbox=$with_sandbox: unknown sandbox]) ;;
	esac
	test "$with_sandbox" != yes || with_sandbox=auto
	FLOWD_SANDBOX_TRY([seccomp], [
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#if !defined(__i386__) && (defined(__ILP32__) || \
    !(defined(__x86_64__) || defined(__AARCH64EL__)))
#error no list of system calls
#endif
int
main(void)
{
	return (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, 0, 0, 0) +
	    SECCOMP_RET_KILL + SYS_seccomp + SYS_recvmmsg);
}
])
	FLOWD_SANDBOX_TRY([pledge], [
#include <unistd.h>
int
main(void)
{
	return (unveil(0, 0) + pledge("stdio", ""));
}
])
	FLOWD_SANDBOX_TRY([capsicum], [
#include <sys/capsicum.h>
int
main(void)
{
	return (cap_enter());
}
])
	if test "$SANDBOX" = none-yet && test "$with_sandbox" = auto; then
		AC_MSG_WARN([this system has no sandbox but resource limits])
		SANDBOX=rlimit
	fi
	test "$SANDBOX" != none-yet ||
	    AC_MSG_ERROR([--with-sandbox=$with_sandbox: not available here])
	AC_SUBST([SANDBOX])
])

dnl FLOWD_WIDE: sets WIDE to the flags for files above 2 GiB and times after
dnl 2037.  An old C library has only the former.  NARROW_TIME turns the latter
dnl off again, for code that uses structures of libpcap, which has the default
dnl times of the system.
AC_DEFUN([FLOWD_WIDE], [
	AC_MSG_CHECKING([for flags that make file sizes and times 64 bits wide])
	flowd_saved_cppflags=$CPPFLAGS
	flowd_wide_files=-D_FILE_OFFSET_BITS=64
	flowd_wide=no
	for flowd_try in "" "$flowd_wide_files" \
	    "$flowd_wide_files -D_TIME_BITS=64"; do
		CPPFLAGS="$flowd_saved_cppflags $flowd_try"
		AC_COMPILE_IFELSE([AC_LANG_SOURCE([[#include <sys/types.h>
#include <time.h>
_Static_assert(sizeof(off_t) >= 8 && sizeof(time_t) >= 8, "narrow");]])],
		    [flowd_wide=yes; WIDE=$flowd_try; break])
	done
	CPPFLAGS=$flowd_saved_cppflags
	if test "$flowd_wide" = no; then
		WIDE=$flowd_wide_files
		AC_MSG_RESULT([$WIDE, for file sizes only])
		AC_MSG_WARN([times end in 2038 on this system])
	else
		AC_MSG_RESULT([${WIDE:-none needed}])
	fi
	case $WIDE in
	*_TIME_BITS*) NARROW_TIME=-U_TIME_BITS ;;
	esac
	AC_SUBST([WIDE])
	AC_SUBST([NARROW_TIME])
])

dnl FLOWD_DEPENDENCIES: makes an object depend on the headers that it includes.
dnl With DEPFLAGS the compiler writes a file of them beside the object, and the
dnl end of the Makefile includes these files.  If the compiler or make cannot do
dnl that, every object depends on every header.
AC_DEFUN([FLOWD_DEPENDENCIES], [
	AC_MSG_CHECKING([whether $CC and make track headers])
	DEPFLAGS=
	DEPENDENCIES="\$(ALL_OBJS): `cd "$srcdir" && echo *.h */*.h |
	    sed -e 's/ autoconf\.h / /' -e 's,[[^ ]]*,$(srcdir)/&,g'`"
	flowd_saved_cflags=$CFLAGS
	CFLAGS="$CFLAGS -Werror -MMD -MP -MF conftest.dep"
	AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
	    [test ! -s conftest.dep || DEPFLAGS='-MMD -MP -MF $[]@.d'])
	CFLAGS=$flowd_saved_cflags
	printf 'F = none\nall:\n\t@:\n-include $(F:=.d)\n' >conftest.mk
	test -z "$DEPFLAGS" || ${MAKE-make} -f conftest.mk >/dev/null 2>&1 ||
	    DEPFLAGS=
	rm -f conftest.dep conftest.mk
	if test -n "$DEPFLAGS"; then
		DEPENDENCIES='-include $(ALL_OBJS:=.d)'
		AC_MSG_RESULT([yes])
	else
		AC_MSG_RESULT([no])
	fi
	AC_SUBST([DEPFLAGS])
	AC_SUBST([DEPENDENCIES])
])
dnl Sets flowd_flag_ok to yes if the hidden symbols of objects can be made local
dnl to one object, so that a program can have the same names.
AC_DEFUN([FLOWD_LOCAL_SYMBOLS], [
	AC_MSG_CHECKING([whether hidden symbols can be made local])
	flowd_flag_ok=no
	cat >conftest1.c <<'CODE'
int flowd_one(void);
int flowd_one(void) { return (1); }
CODE
	cat >conftest2.c <<'CODE'
int flowd_one(void);
__attribute__((visibility("default"))) int flowd_two(void);
int flowd_two(void) { return (flowd_one()); }
CODE
	cat >conftest3.c <<'CODE'
int flowd_one(void);
int flowd_two(void);
int flowd_one(void) { return (2); }
int main(void) { return (flowd_one() - flowd_two()); }
CODE
	for flowd_file in conftest1 conftest2; do
		$CC $SHARED_CFLAGS $CFLAGS -c -o $flowd_file.o $flowd_file.c
	done 2>&AS_MESSAGE_LOG_FD &&
	    $CC $CFLAGS -r -nostdlib -Wl,--force-group-allocation \
	    -o conftest4.o conftest1.o conftest2.o 2>&AS_MESSAGE_LOG_FD &&
	    $OBJCOPY --localize-hidden conftest4.o 2>&AS_MESSAGE_LOG_FD &&
	    $CC $CFLAGS $LDFLAGS -o conftest5 conftest3.c conftest4.o \
	    2>&AS_MESSAGE_LOG_FD && flowd_flag_ok=yes
	rm -f conftest[[1-5]]*
	AC_MSG_RESULT([$flowd_flag_ok])
])

dnl FLOWD_CODEC(NAME, LIBRARY, HEADER, FUNCTION): adds the library to LIBCODEC and
dnl the format to FORMATS, if the library is there.  --without-NAME leaves it out,
dnl and --with-NAME demands it.
AC_DEFUN([FLOWD_CODEC], [
	AC_ARG_WITH([$1],
	    [AS_HELP_STRING([--without-$1], [do not read logs compressed by $1])],
	    [], [with_$1=auto])
	if test "$with_$1" != no; then
		AC_CHECK_HEADER([$3], [AC_CHECK_LIB([$2], [$4],
		    [LIBCODEC="$LIBCODEC -l$2"
		    FORMATS="$FORMATS $1"
		    AC_DEFINE([HAVE_LIB]m4_toupper([$2]), [1],
			[lib$2 is linked to programs that read logs])
		    with_$1=linked])])
		case $with_$1 in
		linked|auto) ;;
		*) AC_MSG_ERROR([lib$2 and its header $3 are needed for $1]) ;;
		esac
	fi
])
