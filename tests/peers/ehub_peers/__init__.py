"""Test peers: local stand-ins for the national services and practices that eHub talks to.

They speak the real wire formats, share no code with eHub, keep everything in memory and can be told to misbehave.
"""
