# SPDX-License-Identifier: Apache-2.0
"""Disks made by the real tools in the guest: what is set up, and what disk_encryption must say of it.

Each scenario: name, short (also in `make test`), expected rows beside the guest's own plain root, and the commands that set it up and take it
down. The guest has four empty virtio disks, vdb to vde. $LUKS is cryptsetup with a cheap key derivation: its cost is not what is tested.
"""

LUKS = "--batch-mode --key-file=/run/key --pbkdf pbkdf2 --pbkdf-force-iterations 1000"
ROOT = "volume:/=fail:none"

HEAD = """
set -e
printf secret > /run/key
mkdir -p /mnt/a /mnt/b
fmt() { cryptsetup luksFormat --type $1 %s $2; cryptsetup open --key-file=/run/key $2 $3; }
udev() { udevadm settle; }
lvm() { command lvm "$@" >/dev/null; }
""" % LUKS

# After each scenario, whatever it left.
TAIL = """
swapoff -a; sync
for m in $(awk '$5 ~ "^/mnt/|^/srv" {print $5}' /proc/self/mountinfo | sort -r); do umount $m; done; umount /boot/efi /boot 2>/dev/null
udevadm settle
# Layer by layer, and no tool is started for nothing: under emulation each costs a second.
for i in 1 2 3 4; do
	ls /sys/class/block | grep -qE '^(dm-|md)' || break
	case $(dmsetup ls) in *vg-*) vgchange -an >/dev/null 2>&1 ;; esac
	for m in $(dmsetup ls --target crypt | awk '$1 != "No" {print $1}'); do cryptsetup close $m; done 2>/dev/null
	! ls /sys/class/block | grep -q '^md' || mdadm --stop --scan >/dev/null 2>&1
	dmsetup remove_all >/dev/null 2>&1
done
losetup -D
for z in /sys/block/zram*; do [ -e $z/reset ] && echo 1 > $z/reset; done
wipefs -aq /dev/vd[b-e]; for d in b c d e; do dd if=/dev/zero of=/dev/vd$d bs=1M count=2 status=none; done
rm -f /etc/crypttab /swapfile /disk.img /keyfile; sync; udevadm settle; true
"""

SCENARIOS = [
    ("luks1", True, "volume:/mnt/a=pass:ok",
     "fmt luks1 /dev/vdb a; mkfs.ext4 -q /dev/mapper/a; mount /dev/mapper/a /mnt/a"),
    ("luks2", True, "volume:/mnt/a=pass:ok",
     "fmt luks2 /dev/vdb a; mkfs.ext4 -q /dev/mapper/a; mount /dev/mapper/a /mnt/a"),
    ("luks2-mounted-read-only", False, "volume:/mnt/a=fail:none",
     "mkfs.ext4 -q /dev/vdb; mount -o ro /dev/vdb /mnt/a"),
    ("lvm-on-luks", True, "volume:/mnt/a=pass:ok swap:/dev/dm-2=pass:ok",
     "fmt luks2 /dev/vdb a; vgcreate -q vg /dev/mapper/a >/dev/null; lvcreate -qy -L 64M -n root vg >/dev/null; "
     "lvcreate -qy -L 64M -n swap vg >/dev/null; mkfs.ext4 -q /dev/vg/root; mount /dev/vg/root /mnt/a; mkswap -q /dev/vg/swap; swapon /dev/vg/swap"),
    ("luks-on-lvm", False, "volume:/mnt/a=pass:ok volume:/mnt/b=fail:none",
     "vgcreate -q vg /dev/vdb >/dev/null; lvcreate -qy -L 64M -n a vg >/dev/null; lvcreate -qy -L 64M -n b vg >/dev/null; fmt luks2 /dev/vg/a a; "
     "mkfs.ext4 -q /dev/mapper/a; mkfs.ext4 -q /dev/vg/b; mount /dev/mapper/a /mnt/a; mount /dev/vg/b /mnt/b"),
    ("mixed-group", True, "volume:/mnt/a=fail:partial",
     "fmt luks2 /dev/vdb a; vgcreate -q vg /dev/mapper/a /dev/vdc >/dev/null; lvcreate -qy -l 100%FREE -n root vg >/dev/null; "
     "mkfs.ext4 -q /dev/vg/root; mount /dev/vg/root /mnt/a"),
    ("raid1-of-luks", True, "volume:/mnt/a=pass:ok",
     "fmt luks2 /dev/vdb a; fmt luks2 /dev/vdc b; mdadm -q --create /dev/md0 --run -l1 -n2 -e1.2 /dev/mapper/a /dev/mapper/b; mkfs.ext4 -q /dev/md0; "
     "mount /dev/md0 /mnt/a"),
    ("luks-on-raid1", False, "volume:/mnt/a=pass:ok",
     "mdadm -q --create /dev/md0 --run -l1 -n2 -e1.2 /dev/vdb /dev/vdc; fmt luks2 /dev/md0 a; mkfs.ext4 -q /dev/mapper/a; mount /dev/mapper/a /mnt/a"),
    ("raid1-half-luks", False, "volume:/mnt/a=fail:partial",
     "fmt luks2 /dev/vdb a; mdadm -q --create /dev/md0 --run -l1 -n2 -e1.2 /dev/mapper/a /dev/vdc; mkfs.ext4 -q /dev/md0; mount /dev/md0 /mnt/a"),
    ("partitions", False, "volume:/mnt/a=pass:ok volume:/mnt/b=fail:none",
     "printf 'label: gpt\\nsize=100M\\nsize=100M\\n' | sfdisk -q /dev/vdb; udev; fmt luks2 /dev/vdb1 a; mkfs.ext4 -q /dev/mapper/a; "
     "mkfs.ext4 -q /dev/vdb2; mount /dev/mapper/a /mnt/a; mount /dev/vdb2 /mnt/b"),
    ("plain-dm-crypt-swap", True, "swap:/dev/dm-0=pass:ok",
     "cryptsetup open --type plain --cipher aes-xts-plain64 --key-size 512 --key-file /dev/urandom /dev/vdb swap; mkswap -q /dev/mapper/swap; "
     "swapon /dev/mapper/swap"),
    ("plain-swap", True, "swap:/dev/vdb=fail:none", "mkswap -q /dev/vdb; swapon /dev/vdb"),
    ("swap-file-on-plain", True, "swap:/swapfile=fail:none",
     "dd if=/dev/zero of=/swapfile bs=1M count=16 status=none; chmod 600 /swapfile; mkswap -q /swapfile; swapon /swapfile"),
    ("swap-file-on-luks", False, "volume:/mnt/a=pass:ok swap:/mnt/a/swap=pass:ok",
     "fmt luks2 /dev/vdb a; mkfs.ext4 -q /dev/mapper/a; mount /dev/mapper/a /mnt/a; dd if=/dev/zero of=/mnt/a/swap bs=1M count=16 status=none; "
     "chmod 600 /mnt/a/swap; mkswap -q /mnt/a/swap; swapon /mnt/a/swap"),
    ("zram", True, "swap:/dev/zram0=not_applicable:memory",
     "modprobe zram num_devices=1; echo 32M > /sys/block/zram0/disksize; mkswap -q /dev/zram0; swapon /dev/zram0"),
    ("zram-backed-by-plain", False, "swap:/dev/zram0=fail:none",
     "modprobe zram num_devices=1; [ -e /sys/block/zram0/backing_dev ]; echo /dev/vdb > /sys/block/zram0/backing_dev; "
     "echo 32M > /sys/block/zram0/disksize; mkswap -q /dev/zram0; swapon /dev/zram0"),
    ("btrfs-on-two-luks", False, "volume:/mnt/a=pass:ok",
     "fmt luks2 /dev/vdb a; fmt luks2 /dev/vdc b; mkfs.btrfs -q -d raid1 -m raid1 /dev/mapper/a /dev/mapper/b; mount /dev/mapper/a /mnt/a"),
    ("btrfs-half-luks", True, "volume:/mnt/a=fail:partial",
     "fmt luks2 /dev/vdb a; mkfs.btrfs -q -d raid1 -m raid1 /dev/mapper/a /dev/vdc; btrfs device scan >/dev/null; mount /dev/mapper/a /mnt/a; "
     "btrfs subvolume create /mnt/a/sub >/dev/null; mount -o subvol=sub /dev/mapper/a /mnt/b"),
    ("loop-file-on-plain", False, "volume:/mnt/a=fail:none",
     "truncate -s 64M /disk.img; l=$(losetup -f --show /disk.img); mkfs.ext4 -q $l; mount $l /mnt/a"),
    ("luks-in-a-loop-file", False, "volume:/mnt/a=pass:ok",
     "truncate -s 64M /disk.img; l=$(losetup -f --show /disk.img); fmt luks2 $l a; mkfs.ext4 -q /dev/mapper/a; mount /dev/mapper/a /mnt/a"),
    ("loop-on-a-device", False, "volume:/mnt/a=fail:none",
     "l=$(losetup -f --show /dev/vdb); mkfs.ext4 -q $l; mount $l /mnt/a"),
    ("thin-pool-on-luks", False, "volume:/mnt/a=pass:ok",
     "fmt luks2 /dev/vdb a; vgcreate -q vg /dev/mapper/a >/dev/null; lvcreate -qy --type thin-pool -L 128M -n pool vg >/dev/null; "
     "lvcreate -qy -V 100M --thinpool vg/pool -n t >/dev/null; mkfs.ext4 -q /dev/vg/t; mount /dev/vg/t /mnt/a"),
    ("cache-on-plain", False, "volume:/mnt/a=fail:partial",
     "fmt luks2 /dev/vdb a; vgcreate -q vg /dev/mapper/a /dev/vdc >/dev/null; lvcreate -qy -L 100M -n root vg /dev/mapper/a >/dev/null; "
     "lvcreate -qy --type cache-pool -L 32M -n fast vg /dev/vdc >/dev/null; lvconvert -qy --type cache --cachepool vg/fast vg/root >/dev/null; "
     "mkfs.ext4 -q /dev/vg/root; mount /dev/vg/root /mnt/a"),
    ("integrity-below-luks", False, "volume:/mnt/a=pass:ok",
     "integritysetup format --batch-mode /dev/vdb; integritysetup open /dev/vdb i; fmt luks2 /dev/mapper/i a; mkfs.ext4 -q /dev/mapper/a; "
     "mount /dev/mapper/a /mnt/a"),
    ("integrity-alone", False, "volume:/mnt/a=fail:none",
     "integritysetup format --batch-mode /dev/vdb; integritysetup open /dev/vdb i; mkfs.ext4 -q /dev/mapper/i; mount /dev/mapper/i /mnt/a"),
    ("verity", False, "volume:/mnt/a=fail:none",
     "mkfs.ext4 -q -b 4096 /dev/vdb; sync; h=$(veritysetup format /dev/vdb /dev/vdc | awk '/Root hash/ {print $3}'); veritysetup open /dev/vdb v /dev/vdc $h; "
     "mount -o ro /dev/mapper/v /mnt/a"),
    ("dmsetup-without-uuid", False, "volume:/mnt/a=unknown:dm_not_known",
     "echo 0 200000 linear /dev/vdb 0 | dmsetup create hand; mkfs.ext4 -q /dev/mapper/hand; mount /dev/mapper/hand /mnt/a"),
    ("key-file-in-the-clear", True, "volume:/mnt/a=fail:key_in_the_clear",
     "fmt luks2 /dev/vdb a; cp /run/key /keyfile; echo 'a /dev/vdb /keyfile luks' > /etc/crypttab; mkfs.ext4 -q /dev/mapper/a; mount /dev/mapper/a /mnt/a"),
    ("bind-mounts-are-one-volume", False, "volume:/mnt/b=fail:none",
     "mkfs.ext4 -q /dev/vdb; mount /dev/vdb /mnt/b; mkdir /mnt/b/x /mnt/b/x/y; mount --bind /mnt/b/x/y /mnt/b/x"),
    ("japanese-mount-point", False, "volume:/mnt/共有=fail:none",
     "mkfs.ext4 -q /dev/vdb; mkdir -p '/mnt/共有'; mount /dev/vdb '/mnt/共有'"),
    ("overlay-is-no-volume", False, "volume:/mnt/a=fail:none",
     "mkfs.ext4 -q /dev/vdb; mount /dev/vdb /mnt/a; mkdir /mnt/a/u /mnt/a/w; mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/a/u,workdir=/mnt/a/w /mnt/b"),
    ("boot-partition-is-no-volume", False, "",
     "mkfs.ext4 -q /dev/vdb; mkdir -p /boot/efi; mount /dev/vdb /boot; mkdir -p /boot/efi; mkfs.vfat /dev/vdc >/dev/null; mount /dev/vdc /boot/efi;true"),
    # The last: the kernel does not take a resume device back.
    ("hibernation-to-an-active-swap", False, "swap:/dev/vdb=fail:none", "mkswap -q /dev/vdb; swapon /dev/vdb; echo 254:16 > /sys/power/resume"),
    ("hibernation-to-plain", True, "hibernation=fail:none", "mkswap -q /dev/vdb; echo 254:16 > /sys/power/resume"),
]
