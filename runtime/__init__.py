"""Runs the Workers on this machine: builds what workerd needs, hosts them, keeps them up."""
