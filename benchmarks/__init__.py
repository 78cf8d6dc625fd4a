"""The figures of the README, by one command: `make bench` runs the product and Debian's Orthanc on this machine, in turn.

Both speak to the same clients over loopback. Ours encrypts, syncs and audits before it answers; Orthanc runs as installed.
"""
