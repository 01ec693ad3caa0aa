"""MER-SEM-MBT (Xia, Zhao & Jiang 2022): text guides the hearing and the seeing; a bottleneck joins the two."""
