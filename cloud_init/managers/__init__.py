"""What keeps the processes of a host running, a file each. Supervisor's configuration is the host tool's own: see host/programs.py."""
