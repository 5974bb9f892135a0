"""Methods by themselves: fitted on calibration pictures, frozen, and applied to any rows."""
