"""The check of the hot path finds what it is for; tools/test runs it on the tree."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECK = Path(__file__).resolve().parents[1] / "tools" / "check_hot_symbols"

pytestmark = pytest.mark.skipif(
    not shutil.which("g++"), reason="g++ is not installed, so nothing can be compiled"
)

HEAD = """\
#include <cstdio>
#include <ctime>
#include <cstring>
#include <functional>
#include <mutex>
#include <vector>
namespace pyscalp::book {
struct Book {
  explicit Book(std::size_t n);
  ~Book();
  void on_add(int value);
  void open();
  std::vector<int> levels;
  std::size_t size = 0;
};
// Out of line, so that the allocation is a function of its own.
Book::Book(std::size_t n) { levels.resize(n); }
Book::~Book() = default;
void Book::open() { levels.resize(100); }
"""
TAIL = "}  // namespace pyscalp::book\n"

ALLOW = """\
call memcpy # the compiler's
call memset # the compiler's
start-up pyscalp::book::Book::open() # before the first packet
"""


class Tree:
    """A cpp/ of one hot room and one that is not, and its build."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "cpp" / "book").mkdir(parents=True)
        (root / "build" / "cpp").mkdir(parents=True)
        (root / "cpp" / "CMakeLists.txt").write_text(
            "pyscalp_room(base)\npyscalp_room(book USES base HOT)\n"
        )
        (root / "allow").write_text(ALLOW)

    def build(self, body: str, *flags: str) -> None:
        source = self.root / "cpp" / "book" / "book.cpp"
        source.write_text(HEAD + body + TAIL)
        made = self.root / "book.o"
        subprocess.run(
            ["g++", "-std=c++20", "-O2", "-fPIC", *(flags or ["-ffunction-sections"])]
            + ["-c", str(source), "-o", str(made)],
            check=True,
        )
        library = self.root / "build" / "cpp" / "libpyscalp_book.a"
        library.unlink(missing_ok=True)
        subprocess.run(["ar", "rcs", str(library), str(made)], check=True)

    def check(self) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, CHECK, "--build", self.root / "build"]
        command += ["--cpp", self.root / "cpp", "--allow", self.root / "allow"]
        return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_start_up_may_allocate(tree: Tree) -> None:
    tree.build("void Book::on_add(int value) { levels[size++] = value; }\n")
    result = tree.check()
    assert result.returncode == 0, result.stderr
    assert "1 hot functions" in result.stdout


@pytest.mark.parametrize(
    ("body", "offence"),
    [
        ("levels.push_back(value);", "allocation: operator new"),
        ("Book copy(static_cast<std::size_t>(value));", "allocation: operator new"),
        ("if (value == 7) open();", "allocation: operator new"),
        ("static std::mutex m; std::scoped_lock lock(m);", "lock: pthread_mutex_lock"),
        ("if (value < 0) throw value;", "exception: __cxa_throw"),
        ("levels.at(0) = value;", "exception: std::__throw_out_of_range"),
        ('std::printf("%d", value);', "input or output: "),
        ("timespec t; clock_gettime(0, &t); size = t.tv_nsec;", "clock: clock_gettime"),
        ("std::function<int()> f = [v = std::vector<int>(9)] { return v[0]; }; "
         "size = f();", "allocation: operator new"),
        ("std::qsort(&levels[0], 9, 4, [](const void*, const void*) { return 0; });",
         "outside call: qsort"),
    ],
)  # fmt: skip
def test_an_offence_is_found(tree: Tree, body: str, offence: str) -> None:
    tree.build(f"void Book::on_add(int value) {{ {body} }}\n")
    result = tree.check()
    assert result.returncode == 1
    assert "pyscalp::book::Book::on_add(int): " in result.stderr
    assert offence in result.stderr


def test_a_function_pointer_is_followed(tree: Tree) -> None:
    tree.build(
        "static void grow(std::vector<int>& v) { v.resize(v.size() * 2); }\n"
        "static void stay(std::vector<int>&) {}\n"
        "using Step = void (*)(std::vector<int>&);\n"
        "extern Step const kSteps[2];\n"
        "Step const kSteps[2] = {grow, stay};\n"
        "void Book::on_add(int value) { kSteps[value & 1](levels); }\n"
    )
    result = tree.check()
    assert result.returncode == 1
    assert "by way of" in result.stderr
    assert "allocation: operator new" in result.stderr


def test_a_sealed_function_is_not_looked_into(tree: Tree) -> None:
    tree.build(
        "[[gnu::noinline]] void refill(Book& book) { book.levels.resize(100); }\n"
        "void Book::on_add(int) { refill(*this); }\n"
    )
    assert "allocation: operator new" in tree.check().stderr
    (tree.root / "allow").write_text(ALLOW + "sealed pyscalp::book::refill(*) # why\n")
    result = tree.check()
    assert result.returncode == 0, result.stderr
    assert "1 hot functions" in result.stdout


def test_a_room_without_its_package_is_left_out(tree: Tree) -> None:
    tree.build("void Book::on_add(int) {}\n")
    (tree.root / "cpp" / "venue").mkdir()
    (tree.root / "cpp" / "venue" / "venue.cpp").write_text("")
    with (tree.root / "cpp" / "CMakeLists.txt").open("a") as rooms:
        rooms.write("pyscalp_room(venue HOT NEEDS simdjson libsimdjson-dev)\n")
    result = tree.check()
    assert result.returncode == 0, result.stderr
    assert "room venue is left out: no simdjson" in result.stdout


def test_a_virtual_call_is_found(tree: Tree) -> None:
    tree.build(
        "struct Step { virtual void take(Book&) = 0; };\n"
        "struct Grow final : Step { void take(Book& b) override; };\n"
        "void Grow::take(Book& b) { b.levels.clear(); }\n"
        "void Book::on_add(int) { static Grow grow; Step* step = &grow; "
        'asm volatile("" : "+r"(step)); step->take(*this); }\n'
    )
    result = tree.check()
    assert result.returncode == 1
    assert "virtual call: vtable for" in result.stderr


def test_a_shared_section_is_refused(tree: Tree) -> None:
    tree.build("void Book::on_add(int) {}\n", "-fno-function-sections")
    result = tree.check()
    assert result.returncode == 2
    assert "-ffunction-sections" in result.stderr


def test_link_time_optimisation_is_refused(tree: Tree) -> None:
    tree.build("void Book::on_add(int) {}\n", "-flto", "-ffunction-sections")
    result = tree.check()
    assert result.returncode == 2
    assert "link-time" in result.stderr


def test_a_missing_build_is_refused(tree: Tree) -> None:
    tree.build("void Book::on_add(int) {}\n")
    (tree.root / "build" / "cpp" / "libpyscalp_book.a").unlink()
    result = tree.check()
    assert result.returncode == 2
    assert "is missing" in result.stderr


@pytest.mark.parametrize("line", ["call malloc", "call  # no name", "ignore f # why"])
def test_an_entry_needs_a_kind_a_name_and_a_reason(tree: Tree, line: str) -> None:
    tree.build("void Book::on_add(int) {}\n")
    (tree.root / "allow").write_text(ALLOW + line + "\n")
    result = tree.check()
    assert result.returncode == 2
    assert "allow:4: " in result.stderr
