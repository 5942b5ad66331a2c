package pickle

import "github.com/go-djsession/go-djsession/serializer"

// batch writes the opcodes between the items of a container: MARK, at most 1,000
// items, the opcode that adds them, and so on.
type batch struct {
	*writer
	form  batchForm
	n, i  int
	alone bool // the item at hand goes without MARK
}

// batchForm is the way in which CPython batches, which differs in details.
type batchForm struct {
	one, many byte
	single    bool // a container of one item goes without MARK
	last      bool // so does one item that is left over
	trailing  bool // k*1,000 items are followed by an empty batch
}

var (
	batchList      = batchForm{one: opAppend, many: opAppends, single: true}
	batchDict      = batchForm{one: opSetItem, many: opSetItems, single: true, trailing: true}
	batchSet       = batchForm{many: opAddItems, trailing: true}
	batchListItems = batchForm{one: opAppend, many: opAppends, single: true, last: true} // of a subclass
	batchDictItems = batchForm{one: opSetItem, many: opSetItems, single: true, last: true}
)

// before is called before each item.
func (b *batch) before() {
	if b.i%batchSize != 0 {
		return
	}
	b.alone = b.form.single && b.n == 1 || b.form.last && b.i == b.n-1
	if !b.alone {
		b.op(opMark)
	}
}

// after is called after each item.
func (b *batch) after() {
	b.i++
	switch {
	case b.alone:
		b.op(b.form.one)
		return
	case b.i == b.n || b.i%batchSize == 0:
		b.op(b.form.many)
	}
	if b.i == b.n && b.i%batchSize == 0 && b.form.trailing {
		b.op(opMark)
		b.op(b.form.many)
	}
}

// batched writes items in batches.
func (w *writer) batched(form batchForm, items things) error {
	b := batch{writer: w, form: form, n: items.len()}
	for i := range b.n {
		b.before()
		if err := w.save(items.at(i)); err != nil {
			return err
		}
		b.after()
	}
	return nil
}

// batchedPairs writes keys and values in batches.
func (w *writer) batchedPairs(form batchForm, pairs []ref) error {
	b := batch{writer: w, form: form, n: len(pairs) / 2}
	for i := 0; i < len(pairs); i += 2 {
		b.before()
		if err := w.node(pairs[i]); err != nil {
			return err
		}
		if err := w.node(pairs[i+1]); err != nil {
			return err
		}
		b.after()
	}
	return nil
}

func (w *writer) list(o id, items things) error {
	w.op(opEmptyList)
	w.put(o)
	if w.python2 {
		return w.batched(batchListItems, items)
	}
	return w.batched(batchList, items)
}

// tuple writes a tuple. If it holds itself, it already has a number when its items are
// written: then tuple discards them.
func (w *writer) tuple(o id, items things) error {
	n := items.len()
	if n == 0 {
		w.op(opEmptyTuple)
		return nil
	}
	if n > 3 {
		w.op(opMark)
	}
	for i := range n {
		if err := w.save(items.at(i)); err != nil {
			return err
		}
	}
	if number, ok := w.memo.find(o); ok {
		if n > 3 {
			w.op(opPopMark)
		} else {
			for range n {
				w.op(opPop)
			}
		}
		w.get(number)
		return nil
	}
	w.op([...]byte{opTuple1, opTuple2, opTuple3, opTuple}[min(n, 4)-1])
	w.put(o)
	return nil
}

func (w *writer) set(o id, items things) error {
	if w.proto < 4 {
		return w.setByCall(o, "set", items)
	}
	w.op(opEmptySet)
	w.put(o)
	return w.batched(batchSet, items)
}

func (w *writer) frozenSet(o id, items things) error {
	if w.proto < 4 {
		return w.setByCall(o, "frozenset", items)
	}
	w.op(opMark)
	for i := range items.len() {
		if err := w.save(items.at(i)); err != nil {
			return err
		}
	}
	if number, ok := w.memo.find(o); ok {
		w.op(opPopMark)
		w.get(number)
		return nil
	}
	w.op(opFrozenSet)
	w.put(o)
	return nil
}

// setByCall writes a set for the protocols that have no opcode for it.
func (w *writer) setByCall(o id, class string, items things) error {
	w.class(serializer.Global{Module: "builtins", Name: class})
	w.boundary()
	w.boundary()
	if err := w.list(freshID, items); err != nil {
		return err
	}
	w.op(opTuple1)
	w.putNumber()
	w.made(o, opReduce)
	return nil
}

// made writes the opcode that makes an object, and its number. It returns false if the
// object is among its own arguments and so was already made.
func (w *writer) made(o id, how byte) bool {
	w.op(how)
	if number, ok := w.memo.find(o); ok {
		w.op(opPop)
		w.get(number)
		return false
	}
	w.put(o)
	return true
}

// call describes how an object is made, and its state and items.
type call struct {
	how    construction
	class  thing
	args   things
	argsID id
	kwargs thing
	list   things
	pairs  func() error // writes what is set, if anything
	built  bool
	state  thing
	setter thing
}

// object writes an object of any class.
func (w *writer) object(o id, c *call) error {
	if c.how == opObj {
		w.op(opMark)
	}
	if err := w.save(c.class); err != nil {
		return err
	}
	if c.how == opObj {
		for i := range c.args.len() {
			if err := w.save(c.args.at(i)); err != nil {
				return err
			}
		}
	} else {
		w.boundary()
		if !w.got(c.argsID) {
			if err := w.tuple(c.argsID, c.args); err != nil {
				return err
			}
		}
	}
	if c.how == opNewObjEx {
		if w.proto < 4 {
			return typeError("an object made with keyword arguments, which needs protocol 4")
		}
		if err := w.save(c.kwargs); err != nil {
			return err
		}
	}
	if !w.made(o, c.how) {
		return nil
	}
	if err := w.batched(batchListItems, c.list); err != nil {
		return err
	}
	if c.pairs != nil {
		if err := c.pairs(); err != nil {
			return err
		}
	}
	if !c.built {
		return nil
	}
	if c.setter.isNone() {
		if err := w.save(c.state); err != nil {
			return err
		}
		w.op(opBuild)
		return nil
	}
	// This function is called with the object and the state, for its effect.
	if err := w.save(c.setter); err != nil {
		return err
	}
	w.boundary()
	if !w.got(o) {
		return typeError("an object with a function for its state, but without a number")
	}
	if err := w.save(c.state); err != nil {
		return err
	}
	w.dst = append(w.dst, opTuple2, opReduce, opPop)
	return nil
}

// save writes any value.
func (w *writer) save(t thing) error {
	if t.node {
		return w.node(t.r)
	}
	return w.value(t.v)
}
