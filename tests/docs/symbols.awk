# Which calls a room makes. Input: lines of `nm -u -A` over the objects of
# lib/*/. Prints each call that its room may not make; status 1 if there was
# one, 2 if nothing was read.
#
# All changes to a disk go through base, where crashes and faults are injected
# (SQLite's own are its own). Nothing but cli prints, exits or asks the
# environment; base may write(2) and _exit when memory is gone.

function set(list, words,    n, i, w)
{
	n = split(words, w, " ")
	for (i = 1; i <= n; i++)
		list[w[i]] = 1
}

BEGIN {
	set(disk, "write pwrite pwrite64 writev pwritev pwritev64 pwritev2")
	set(disk, "rename renameat renameat2 link linkat unlink unlinkat")
	set(disk, "symlink symlinkat remove mkdir mkdirat rmdir mknod mknodat")
	set(disk, "mkfifo mkfifoat truncate truncate64 ftruncate ftruncate64")
	set(disk, "fallocate fallocate64 posix_fallocate posix_fallocate64")
	set(disk, "fsync fdatasync sync syncfs sync_file_range msync")
	set(disk, "copy_file_range sendfile sendfile64 splice creat creat64")
	set(disk, "mkstemp mkstemp64 mkostemp mkostemp64 mkdtemp tmpfile")
	set(disk, "tmpfile64 chmod fchmod fchmodat chown fchown fchownat lchown")
	set(disk, "utime utimes utimensat futimens setxattr fsetxattr fopen")
	set(disk, "fopen64 fdopen freopen freopen64 fwrite aio_write")
	set(prints, "printf fprintf vprintf vfprintf dprintf vdprintf puts fputs")
	set(prints, "putchar putc fputc putchar_unlocked perror psignal error")
	set(prints, "warn warnx err errx syslog vsyslog stdout stderr")
	set(leave, "exit quick_exit _exit _Exit atexit getenv secure_getenv")
	set(leave, "setenv putenv unsetenv")
	set(last_words, "write _exit")
}

# "__fprintf_chk" -> fprintf, "write@GLIBC_2.2.5" -> write
function plain(name)
{
	sub(/@.*/, "", name)
	if (name ~ /^__.*_chk$/)
		name = substr(name, 3, length(name) - 6)
	return name
}

{
	path = $1
	sub(/:$/, "", path)
	n = split(path, parts, "/")
	room = parts[n - 1]
	name = plain($NF)
	seen++
	if (room == "cli")
		next
	if (room == "base" && (name in disk || name in last_words))
		next
	if (name in disk)
		what = "changes a disk"
	else if (name in prints)
		what = "prints"
	else if (name in leave)
		what = "leaves, or reads the environment"
	else
		next
	printf "%s: %s %s\n", path, name, what
	bad = 1
}

END {
	if (!seen) {
		print "symbols.awk: nothing was read" > "/dev/stderr"
		exit 2
	}
	exit bad
}
