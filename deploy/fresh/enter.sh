#!/bin/sh
# Turns a folder into the root of this mount and process namespace and runs a script there as an ordinary user.
# A change of root alone would not do: containers are started with pivot_root, which needs a real root.
set -eu
root=$1
script=$2
hostname fresh
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mkdir -p "$root/.old"
cd "$root"
pivot_root . .old
umount -l /.old
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
exec setsid -w su - stranger -c "sh $script"
