"""Work in the background: the loop that does jobs, and what each kind of job does."""
