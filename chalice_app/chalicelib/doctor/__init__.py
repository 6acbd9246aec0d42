"""`lifecycle doctor`: looks at an account and says what is wrong and how to put it right. Changes nothing.

One module for each thing that is looked at; `examination` has them in their order. What cannot be read is said as
unknown, with AWS's own words, and is no fault.
"""
