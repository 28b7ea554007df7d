"""git-sync's contract in Python: a stand-in for where its image can't be pulled, and it says so."""
