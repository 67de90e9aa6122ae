#!/bin/sh
# Install what is missing of the Debian packages in the named groups (build,
# demo, bench, check, lint, deb). Asks the network only when something is missing. Without root
# or sudo it says what to install, and fails.
set -eu

build='gcc g++ libc6-dev make pkg-config libdcmtk-dev libsqlite3-dev libarchive-dev
	libzstd-dev libssl-dev zlib1g-dev libutf8proc-dev'
demo='dcmtk genisoimage zstd'
bench='dcmtk orthanc curl python3 restic borgbackup
	vtk-dicom-tools'
check='bats dcmtk dicom3tools
	libgdcm-tools python3-gdcm python3-pydicom sqlite3 zstd zip genisoimage
	libarchive-tools mandoc man-db shellcheck zsh fish git procps e2fsprogs
	bc python3-numpy age rclone iproute2 strace'
deb='dpkg-dev debhelper lintian fakeroot'
lint='clang clang-format clang-tidy cppcheck codespell valgrind'

wanted=
for group; do
	case $group in
	build) wanted="$wanted $build" ;;
	demo) wanted="$wanted $demo" ;;
	bench) wanted="$wanted $bench" ;;
	check) wanted="$wanted $check" ;;
	lint) wanted="$wanted $lint" ;;
	deb) wanted="$wanted $deb" ;;
	*)
		echo "deps.sh: unknown group '$group'" >&2
		exit 2
		;;
	esac
done

if ! command -v dpkg-query >/dev/null; then
	# shellcheck disable=SC2086 # on one line
	echo "This is not Debian; what is needed, by Debian's names:" $wanted
	exit 0
fi

missing=
for package in $wanted; do
	# shellcheck disable=SC2016 # dpkg-query expands it
	status=$(dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null |
		head -n 1) || status=
	[ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
	as_root=
elif command -v sudo >/dev/null; then
	as_root=sudo
else
	echo "Missing packages; as root: apt-get install$missing" >&2
	exit 1
fi
echo "Installing:$missing"
$as_root apt-get update -q
# shellcheck disable=SC2086 # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive \
	apt-get install -q -y --no-install-recommends $missing
