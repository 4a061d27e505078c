//go:build bench

package bench

func (h *harness) readingCountry(c *country) {}
