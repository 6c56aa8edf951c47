# SPDX-License-Identifier: Apache-2.0
"""USB devices on a real kernel: QEMU's sticks, disks, hubs and keyboards, and a composite device made by the kernel's own gadget drivers;
what usb_storage must say of each, and again after the kernel was told to refuse it.
"""
import json
import os
import subprocess

from lab import LabError

# A keyboard with a disk inside, with the software controller dummy_hcd.
GADGET = """
set -e
modprobe -a dummy_hcd libcomposite
g=/sys/kernel/config/usb_gadget/evil; mkdir $g; cd $g
echo 0x1d6b > idVendor; echo 0x0104 > idProduct; mkdir strings/0x409 configs/c.1
printf '%b' "$SERIAL" > strings/0x409/serialnumber; echo 'evil  twin' > strings/0x409/product
mkdir functions/hid.0; cd functions/hid.0; echo 1 > protocol; echo 1 > subclass; echo 8 > report_length
printf '\\005\\001\\011\\006\\241\\001\\005\\007\\031\\340\\051\\347\\025\\000\\045\\001\\165\\001\\225\\010\\201\\002\\300' > report_desc; cd ../..
truncate -s 16M /run/evil.img; mkdir functions/mass_storage.0; echo /run/evil.img > functions/mass_storage.0/lun.0/file
ln -s functions/hid.0 configs/c.1; ln -s functions/mass_storage.0 configs/c.1
echo dummy_udc.0 > UDC
"""
SETTLE = "udevadm settle; for i in $(seq 60); do [ -e /sys/class/block/%s ] && break; sleep 0.1; done; udevadm settle"


class Bus:
    def __init__(self, lab, tap):
        self.lab, self.tap, self.count = lab, tap, 0

    def drive(self, ro=False):
        self.count += 1
        node = "usbdisk%d" % self.count
        with open(self.lab.path(node + ".img"), "wb") as f:
            f.truncate(16 << 20)
        self.lab.qmp("blockdev-add", **{"driver": "raw", "node-name": node, "read-only": ro, "file": {
            "driver": "file", "filename": self.lab.path(node + ".img")}})
        return node

    def plug(self, driver, dev, **options):
        self.lab.qmp("device_add", driver=driver, id=dev, bus="xhci.0", **options)

    def plug_scsi(self, driver, disk, dev):
        """QEMU keeps such a device detached until it is complete."""
        self.plug(driver, dev)
        self.lab.qmp("device_add", driver=disk, id=dev + "-lun", bus=dev + ".0", drive=self.drive(disk == "scsi-cd"))
        self.lab.qmp("qom-set", path="/machine/peripheral/" + dev, property="attached", value=True)

    def unplug(self, dev):
        self.lab.qmp("device_del", id=dev)
        self.lab.run("sleep 1; udevadm settle")

    def facts(self):
        r = self.lab.run("/run/ep/epagent-probe usb_storage", 60, check=True)
        return {f["subject"]: f for f in json.loads(r.out)["facts"]}

    def expect(self, title, want, commands="", settle=None):
        if commands:
            self.lab.run(commands, 60, check=True)
        self.lab.run(SETTLE % (settle or "loop0") if settle else "udevadm settle", 60)
        facts = self.facts()
        got = {k: f.get("value", f.get("reason")) for k, f in facts.items()}
        self.tap.check("usb_storage", title, got == want, "wanted %s, got %s: %s" % (want, got, json.dumps(facts)))
        return facts


def sticks(bus):
    lab = bus.lab
    bus.expect("an empty bus", {"host": "blocked"})
    bus.plug("usb-kbd", "kbd")
    bus.expect("a keyboard is no medium", {"host": "blocked"}, "sleep 1")
    bus.plug("usb-storage", "stick", drive=bus.drive(), serial="LAB0001", removable=True)
    stick = "medium:46f4:0001:LAB0001"
    facts = bus.expect("a stick", {stick: "open"}, settle="sda")
    at = "/sys/bus/usb/devices/" + facts[stick]["medium"]["port"]
    interface = at + "/" + facts[stick]["medium"]["port"] + ":1.0"
    bus.tap.check("usb_storage", "its interfaces", facts[stick]["medium"]["interfaces"] == "08:06:50", facts)
    bus.expect("BLKROSET", {stick: "read_only"}, "blockdev --setro /dev/sda")
    bus.expect("and back", {stick: "open"}, "blockdev --setrw /dev/sda")
    bus.expect("its interface refused", {stick: "blocked"}, "echo 0 > %s/authorized; sleep 0.5" % interface)
    bus.expect("the interface allowed, not bound", {stick: "blocked"}, "echo 1 > %s/authorized" % interface)
    bus.expect("bound again", {stick: "open"}, "echo %s > /sys/bus/usb/drivers_probe" % os.path.basename(interface), settle="sda")
    refused = bus.expect("the device refused: no interfaces, all descriptors", {stick: "blocked"}, "echo 0 > %s/authorized; sleep 0.5" % at)
    bus.tap.check("usb_storage", "the digest stays", refused[stick]["medium"]["digest"] == facts[stick]["medium"]["digest"], refused)
    bus.expect("authorised again", {stick: "open"}, "echo 1 > %s/authorized" % at, settle="sda")
    bus.plug("usb-storage", "twin", drive=bus.drive(), serial="LAB0001", removable=True)
    lab.run(SETTLE % "sdb")
    shared = bus.facts()
    bus.tap.check("usb_storage", "two with one serial are named by their ports",
                  len(shared) == 2 and all("@" in k and f["medium"]["shared_serial"] for k, f in shared.items()), shared)
    bus.unplug("twin")
    bus.expect("one of them gone", {stick: "open"})
    # Seen by other eyes: an ordinary user gets the same.
    r = lab.run("setpriv --reuid 65000 --regid 65000 --clear-groups /run/ep/epagent-probe usb_storage", 60)
    same = {f["subject"]: f for f in json.loads(r.out)["facts"]} == bus.facts() if r.status == 0 else False
    bus.tap.check("usb_storage", "an ordinary user sees the same", same, r.text)
    bus.unplug("stick")
    bus.expect("unplugged", {"host": "blocked"})


def others(bus):
    bus.plug_scsi("usb-uas", "scsi-hd", "uas")
    bus.lab.run(SETTLE % "sda")
    facts = bus.facts()
    bus.tap.check("usb_storage", "a UAS disk", [f.get("value") for f in facts.values()] == ["open"], facts)
    bus.tap.check("usb_storage", "UAS in its interfaces", any("08:06:62" in f["medium"]["interfaces"] for f in facts.values() if "medium" in f), facts)
    bus.unplug("uas")
    bus.plug_scsi("usb-bot", "scsi-cd", "cd")
    bus.lab.run(SETTLE % "sr0")
    facts = bus.facts()
    bus.tap.check("usb_storage", "a CD drive is a medium", [f.get("value") for f in facts.values()] in (["open"], ["read_only"]), facts)
    bus.unplug("cd")
    bus.plug("usb-hub", "hub", port="2")
    bus.lab.run("sleep 1; udevadm settle")
    bus.plug("usb-storage", "behind", drive=bus.drive(), serial="BEHIND", removable=True, port="2.3")
    facts = bus.expect("a stick behind a hub", {"medium:46f4:0001:BEHIND": "open"}, settle="sda")
    bus.tap.check("usb_storage", "its port shows the hub", facts["medium:46f4:0001:BEHIND"]["medium"]["port"].endswith("2.3"), facts)
    # Swap on it makes it a lifeline, and an unmounted file system does not.
    facts = bus.expect("swap on a stick", {"medium:46f4:0001:BEHIND": "open"}, "mkswap -q /dev/sda && swapon /dev/sda")
    bus.tap.check("usb_storage", "a swap is a lifeline", facts["medium:46f4:0001:BEHIND"]["medium"]["lifeline"], facts)
    facts = bus.expect("swap off", {"medium:46f4:0001:BEHIND": "open"}, "swapoff /dev/sda")
    bus.tap.check("usb_storage", "no lifeline any more", not facts["medium:46f4:0001:BEHIND"]["medium"]["lifeline"], facts)
    bus.unplug("behind")


def gadgets(bus):
    made = bus.lab.run("SERIAL='EVIL 7'\n" + GADGET, 60)
    if made.status:
        return bus.tap.check("usb_storage", "a composite gadget", False, made.err.decode(errors="replace"))
    evil = "medium:1d6b:0104:EVIL 7"
    facts = bus.expect("a keyboard with a disk", {evil: "open"}, settle="sda")
    words = facts.get(evil, {}).get("medium", {}).get("interfaces")
    bus.tap.check("usb_storage", "both its interfaces are seen", words == "03:01:01 08:06:50", words)
    port = facts[evil]["medium"]["port"]
    bus.expect("only its disk refused", {evil: "blocked"}, "echo 0 > /sys/bus/usb/devices/%s:1.1/authorized; sleep 0.5" % port)
    return None


def run_usb(lab, tap, binaries):
    lab.run("mkdir -p /run/ep && modprobe -a usb-storage uas sr_mod", 60)
    lab.put(os.path.join(binaries, "epagent-probe"), "/run/ep/epagent-probe")
    bus = Bus(lab, tap)
    for part in (sticks, others, gadgets):
        try:
            part(bus)
        except (LabError, KeyError, ValueError, subprocess.SubprocessError) as e:
            tap.check("usb_storage", part.__name__ + " ran to its end", False, e)
