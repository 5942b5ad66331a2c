package djcsrf

// Templates is how many templates p has copies of.
func (p *Protection) Templates() (n int) {
	p.copies.Range(func(any, any) bool { n++; return true })
	return n
}
