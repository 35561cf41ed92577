"""Small devices that speak the documented protocols of what OCS agents read. What a device says is apart from how it is connected:
`serving` connects it."""
