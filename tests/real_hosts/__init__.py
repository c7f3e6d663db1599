"""Real hosts: systemd, cloud-init and sshd, each with a disk and an address of its own, on one machine without virtualisation."""
