"""The published state: which good state readers see, whatever a build is doing meanwhile."""
