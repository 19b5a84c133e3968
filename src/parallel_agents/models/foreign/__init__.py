"""Foreign: models of other libraries behind the seam of this one."""
