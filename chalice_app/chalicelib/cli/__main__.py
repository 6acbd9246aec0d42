"""`python -m chalicelib.cli` is `lifecycle`."""

from chalicelib.cli.main import main

if __name__ == "__main__":
    main()
