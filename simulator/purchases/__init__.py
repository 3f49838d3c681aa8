"""A synthetic purchases file, calibrated with measured figures of the published one."""
