"""The forward pass: towers in their fastest exact form, batches on their way to the device."""
