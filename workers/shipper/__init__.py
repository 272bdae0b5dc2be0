"""The shipper takes `shipper.pack`, emits `package.packed` and `package.failed`, owns `package`."""
