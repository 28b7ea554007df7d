"""What people and programs are shown of the runs over HTTP."""
