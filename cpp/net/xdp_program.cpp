#include "net/xdp_program.hpp"

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "net/interface.hpp"

namespace pyscalp::net::detail {

namespace {

int bpf(int command, bpf_attr& attributes) {
  return static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof attributes));
}

bpf_attr no_attributes() {
  bpf_attr attributes;
  std::memset(&attributes, 0, sizeof attributes);
  return attributes;
}

/// Writes instructions of the kernel's machine. Numbers of the wire are compared as
/// loaded, so constants are given in the wire's order.
class Assembler {
 public:
  void load(int size, int into, int from, int offset) {
    put(BPF_LDX | BPF_MEM | size, into, from, offset, 0);
  }
  void copy(int into, int from) { put(BPF_ALU64 | BPF_MOV | BPF_X, into, from, 0, 0); }
  void set(int into, std::int32_t value) {
    put(BPF_ALU64 | BPF_MOV | BPF_K, into, 0, 0, value);
  }
  void add(int into, std::int32_t value) {
    put(BPF_ALU64 | BPF_ADD | BPF_K, into, 0, 0, value);
  }
  void mask(int into, std::int32_t value) {
    put(BPF_ALU64 | BPF_AND | BPF_K, into, 0, 0, value);
  }
  void set_map(int into, int map) {
    put(BPF_LD | BPF_DW | BPF_IMM, into, BPF_PSEUDO_MAP_FD, 0, map);
    put(0, 0, 0, 0, 0);
  }
  void call(std::int32_t helper) { put(BPF_JMP | BPF_CALL, 0, 0, 0, helper); }
  void exit() { put(BPF_JMP | BPF_EXIT, 0, 0, 0, 0); }

  void pass_if_above(int left, int right) {
    to_pass_.push_back(code_.size());
    put(BPF_JMP | BPF_JGT | BPF_X, left, right, 0, 0);
  }
  void pass_unless_equal(int left, std::uint32_t value) {
    to_pass_.push_back(code_.size());
    skip_unless_equal(left, value, 0);
  }
  void skip_unless_equal(int left, std::uint32_t value, int skipped) {
    put(BPF_JMP32 | BPF_JNE | BPF_K, left, 0, skipped,
        static_cast<std::int32_t>(value));
  }
  void redirect_if_equal(int left, std::uint32_t value) {
    to_redirect_.push_back(code_.size());
    put(BPF_JMP32 | BPF_JEQ | BPF_K, left, 0, 0, static_cast<std::int32_t>(value));
  }
  void here_is_pass() { resolve(to_pass_); }
  void here_is_redirect() { resolve(to_redirect_); }

  const std::vector<bpf_insn>& code() const { return code_; }

 private:
  void put(int code, int into, int from, int offset, std::int32_t value) {
    bpf_insn instruction{};
    instruction.code = static_cast<std::uint8_t>(code);
    instruction.dst_reg = static_cast<std::uint8_t>(into & 15);
    instruction.src_reg = static_cast<std::uint8_t>(from & 15);
    instruction.off = static_cast<std::int16_t>(offset);
    instruction.imm = value;
    code_.push_back(instruction);
  }
  void resolve(const std::vector<std::size_t>& jumps) {
    for (const std::size_t at : jumps)
      code_[at].off = static_cast<std::int16_t>(code_.size() - at - 1);
  }

  std::vector<bpf_insn> code_;
  std::vector<std::size_t> to_pass_;
  std::vector<std::size_t> to_redirect_;
};

std::vector<bpf_insn> assemble(std::span<const Endpoint> groups, int map) {
  // Ethernet 14, IPv4 20, UDP 8.
  constexpr int kType = 12, kVersion = 14, kFragment = 20, kProtocol = 23;
  constexpr int kAddress = 30, kPort = 36, kHeaders = 42;
  constexpr int kFrame = 2, kEnd = 3, kField = 4, kTo = 5, kContext = 6, kToPort = 7;
  Assembler a;
  a.copy(kContext, 1);
  a.load(BPF_W, kFrame, kContext, offsetof(xdp_md, data));
  a.load(BPF_W, kEnd, kContext, offsetof(xdp_md, data_end));
  a.copy(kField, kFrame);
  a.add(kField, kHeaders);
  a.pass_if_above(kField, kEnd);
  a.load(BPF_H, kField, kFrame, kType);
  a.pass_unless_equal(kField, htons(0x0800));
  a.load(BPF_B, kField, kFrame, kVersion);
  a.pass_unless_equal(kField, 0x45);
  a.load(BPF_H, kField, kFrame, kFragment);
  a.mask(kField, htons(0x3FFF));  // "more fragments", or an offset
  a.pass_unless_equal(kField, 0);
  a.load(BPF_B, kField, kFrame, kProtocol);
  a.pass_unless_equal(kField, 17);
  a.load(BPF_W, kTo, kFrame, kAddress);
  a.load(BPF_H, kToPort, kFrame, kPort);
  for (const Endpoint& group : groups) {
    a.skip_unless_equal(kTo, htonl(group.address), 1);
    a.redirect_if_equal(kToPort, htons(group.port));
  }
  a.here_is_pass();
  a.set(0, XDP_PASS);
  a.exit();
  a.here_is_redirect();
  a.load(BPF_W, 2, kContext, offsetof(xdp_md, rx_queue_index));
  a.set_map(1, map);
  a.set(3, XDP_PASS);  // where the queue has no socket
  a.call(BPF_FUNC_redirect_map);
  a.exit();
  return a.code();
}

std::string refused(std::string_view what, int error) {
  const bool denied = error == EPERM || error == EACCES;
  return "cannot " + std::string(what) + ": " + reason(error) +
         (denied ? "; run as root or with CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF" : "");
}

}  // namespace

Opened<XdpProgram> XdpProgram::load(std::span<const Endpoint> groups,
                                    std::uint32_t queues) {
  XdpProgram made;
  bpf_attr map = no_attributes();
  map.map_type = BPF_MAP_TYPE_XSKMAP;
  map.key_size = map.value_size = sizeof(std::uint32_t);
  map.max_entries = queues;
  made.map_ = Descriptor(bpf(BPF_MAP_CREATE, map));
  if (!made.map_) return {std::nullopt, refused("make a map of AF_XDP sockets", errno)};

  const std::vector<bpf_insn> code = assemble(groups, made.map_.get());
  static constexpr char kLicense[] = "Dual BSD/GPL";
  bpf_attr program = no_attributes();
  program.prog_type = BPF_PROG_TYPE_XDP;
  program.insns = reinterpret_cast<std::uint64_t>(code.data());
  program.insn_cnt = static_cast<std::uint32_t>(code.size());
  program.license = reinterpret_cast<std::uint64_t>(kLicense);
  std::memcpy(program.prog_name, "pyscalp_feed", sizeof "pyscalp_feed");
  made.program_ = Descriptor(bpf(BPF_PROG_LOAD, program));
  if (!made.program_) return {std::nullopt, refused("load the XDP program", errno)};
  return {std::move(made), {}};
}

int XdpProgram::attach(int interface_index, XdpAttach how) {
  bpf_attr link = no_attributes();
  link.link_create.prog_fd = static_cast<std::uint32_t>(program_.get());
  link.link_create.target_ifindex = static_cast<std::uint32_t>(interface_index);
  link.link_create.attach_type = BPF_XDP;
  link.link_create.flags =
      how == XdpAttach::kNative ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
  link_ = Descriptor(bpf(BPF_LINK_CREATE, link));
  return link_ ? 0 : errno;
}

int XdpProgram::redirect(std::uint32_t queue, int socket) {
  const auto value = static_cast<std::uint32_t>(socket);
  bpf_attr entry = no_attributes();
  entry.map_fd = static_cast<std::uint32_t>(map_.get());
  entry.key = reinterpret_cast<std::uint64_t>(&queue);
  entry.value = reinterpret_cast<std::uint64_t>(&value);
  return bpf(BPF_MAP_UPDATE_ELEM, entry) == 0 ? 0 : errno;
}

}  // namespace pyscalp::net::detail
