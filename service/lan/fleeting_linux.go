package lan

import (
	"bufio"
	"encoding/hex"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// Flags of an IPv6 address, as in linux/if_addr.h.
const (
	flagTemporary  = 0x01
	flagDuplicate  = 0x08
	flagDeprecated = 0x20
	flagTentative  = 0x40
)

// fleetingAddrs are the addresses of IPv6 that the kernel itself will take away, or doesn't use.
func fleetingAddrs() (addrs []netip.Addr) {
	f, err := os.Open("/proc/net/if_inet6")
	if err != nil {
		return nil // no IPv6
	}
	defer func() { _ = f.Close() }() // it was only read
	for scanner := bufio.NewScanner(f); scanner.Scan(); {
		// Address, index, prefix length, scope, flags, name; all in hexadecimal.
		fields := strings.Fields(scanner.Text())
		if len(fields) < 5 {
			continue
		}
		flags, err := strconv.ParseUint(fields[4], 16, 32)
		raw, hexErr := hex.DecodeString(fields[0])
		addr, ok := netip.AddrFromSlice(raw)
		if err == nil && hexErr == nil && ok && flags&(flagTemporary|flagDuplicate|flagDeprecated|flagTentative) != 0 {
			addrs = append(addrs, addr)
		}
	}
	return addrs
}
