"""Compiles my_signal.pyx: python setup.py build_ext --inplace."""

from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

import pyscalp

extension = Extension(
    "my_signal",
    ["my_signal.pyx"],
    include_dirs=[pyscalp.get_include()],
    # Without contraction the same text gives the same doubles in every language.
    extra_compile_args=["-O3", "-ffp-contract=off"],
)
# Where pyscalp is installed in place, Cython would not find what it cimports by itself.
packages = str(Path(pyscalp.__file__).parents[1])
setup(name="my_signal", ext_modules=cythonize(extension, include_path=[packages]))
