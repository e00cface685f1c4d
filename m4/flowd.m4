dnl FLOWD_CC_FLAG(FLAG): adds FLAG to FLOWD_CFLAGS where the compiler takes it
dnl without a word, and says so in flowd_flag_ok.
AC_DEFUN([FLOWD_CC_FLAG], [
	AC_MSG_CHECKING([whether $CC takes $1])
	flowd_saved_cflags=$CFLAGS
	CFLAGS="$CFLAGS -Werror $1"
	AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
	    [flowd_flag_ok=yes; FLOWD_CFLAGS="$FLOWD_CFLAGS $1"],
	    [flowd_flag_ok=no])
	CFLAGS=$flowd_saved_cflags
	AC_MSG_RESULT([$flowd_flag_ok])
])

dnl The same for the linker and FLOWD_LDFLAGS.
AC_DEFUN([FLOWD_LD_FLAG], [
	AC_MSG_CHECKING([whether linking takes $1])
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

dnl Programs at a random address, where compiler and linker agree to it.
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

dnl FLOWD_SHARED_FLAG(FLAG, [NEEDED]): adds FLAG to SHARED_LDFLAGS where a
dnl shared library is linked with it.
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
