package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is stamped by the linker: -X main.version=v1.2.3.
var version string

// versionName is the stamp, else the revision that Go itself noted, else devel.
func versionName() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	revision, dirty := "", ""
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision":
			revision = setting.Value[:min(len(setting.Value), 12)]
		case setting.Key == "vcs.modified" && setting.Value == "true":
			dirty = "-dirty"
		}
	}
	if revision == "" {
		return "devel"
	}
	return "devel-" + revision + dirty
}

// versionText is the answer to --version.
func versionText() string {
	return fmt.Sprintf("singoffd %s (%s, %s/%s)", versionName(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
