"""Commands run on a schedule, each run watched to its end and recorded."""
