//go:build nocloud

// Package cloud is empty: the build tag nocloud leaves the drivers of s3:// and gs:// out.
package cloud
