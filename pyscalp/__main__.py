"""``python -m pyscalp`` is the command ``pyscalp``."""

from pyscalp.cli import main

if __name__ == "__main__":
    main()
