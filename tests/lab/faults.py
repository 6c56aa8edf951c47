# SPDX-License-Identifier: Apache-2.0
"""T058: the journal on a disk that begins to fail, by the real dm-flakey: writes that end in an error, writes that are dropped without a word. What
was promised while the disk was good is there afterwards, and nothing is promised while writes fail."""
import re

DRIVER = "/usr/local/lib/lab/journal_driver"

HEAD = r"""
modprobe dm-flakey
disk=$(for d in /sys/block/vd*; do n=${d##*/}; [ $n = vda ] || { echo /dev/$n; break; }; done)
size=$(blockdev --getsz $disk)
dmsetup create flaky --table "0 $size linear $disk 0"
mkfs.ext4 -q -F /dev/mapper/flaky
mkdir -p /mnt/f && mount /dev/mapper/flaky /mnt/f
rm -f /run/in && mkfifo /run/in
"""

# The driver lives through the change; each append is one line of its answers.
BREAK = r"""
%(driver)s /mnt/f/j --size 1048576 --keep < /run/in > /run/out 2>/run/err &
exec 3> /run/in
for i in $(seq 40); do echo "append verdict {\"i\":$i}" >&3; done
until [ "$(grep -c '^ok' /run/out)" -ge 40 ]; do sleep 0.1; done
cp /run/out /run/before
dmsetup suspend --noflush --nolockfs flaky
dmsetup load flaky --table "0 $size flakey $disk 0 0 3600 1 %(feature)s"
dmsetup resume --noflush --nolockfs flaky
for i in $(seq 20); do echo "append permission {\"i\":$i}" >&3; done
echo state >&3; echo stop >&3
exec 3>&-
wait %%1
"""

TAIL = r"""
umount -l /mnt/f; sync
dmsetup suspend --noflush --nolockfs flaky
dmsetup load flaky --table "0 $size linear $disk 0"
dmsetup resume --noflush --nolockfs flaky
for i in $(seq 50); do grep -q ' /mnt/f ' /proc/self/mountinfo || break; sleep 0.1; done
e2fsck -p /dev/mapper/flaky >/dev/null 2>&1
mount /dev/mapper/flaky /mnt/f
%(driver)s /mnt/f/j --size 1048576 --keep < /run/again > /run/out2
"""


def answers(text):
    return re.findall(r"^(ok|refused)(?: ([0-9a-f]{16}) (\d+) ([0-9a-f]{64}))?", text, re.M)


def run_faults(lab, tap, driver):
    lab.run("mkdir -p /usr/local/lib/lab", check=True)
    lab.put(driver, DRIVER)
    lab.disk(128 << 20)
    for feature in ("error_writes", "drop_writes"):
        script = HEAD + "printf 'append permission {\"after\":1}\\nstop\\n' > /run/again\n" + BREAK % {"driver": DRIVER, "feature": feature} + TAIL % {"driver": DRIVER}
        up = lab.run("bash -c '%s'" % script.replace("'", "'\\''"), 240)
        before = [a for a in answers(lab.run("cat /run/before").text) if a[0] == "ok"]
        during = answers(lab.run("cat /run/out").text)[len(before):]
        key = re.search(r"^key ([0-9a-f]+)$", lab.run("cat /run/before").text, re.M)
        again = lab.run("cat /run/out2").text
        why = up.err.decode(errors="replace") + again
        if not tap.check("faults", "%s: 40 records promised on a good disk" % feature, key and len(before) == 40, why):
            return
        if feature == "error_writes":
            tap.check("faults", "error_writes: nothing is promised while writes fail", during and all(a[0] == "refused" for a in during), during)
        held = lab.run("%s --verify /mnt/f/j %s %s %s %s" % ((DRIVER, key.group(1)) + before[-1][1:]), 60)
        tap.check("faults", "%s: what was promised before is there" % feature, " found=1 " in held.text, held.text)
        tap.check("faults", "%s: with a good disk it records again" % feature, any(a[0] == "ok" for a in answers(again)), why)
        lab.run("umount /mnt/f; dmsetup remove flaky", 60)
