package pickle

// node writes a node of the arena as it was read: opcode for opcode if CPython wrote it
// in the same protocol.
func (w *writer) node(r ref) error {
	w.boundary()
	if len(w.dst) > w.most {
		return w.size()
	}
	a := w.a
	n := &a.nodes[r]
	switch n.kind {
	case kindNone:
		w.op(opNone)
		return nil
	case kindTrue:
		w.op(opNewTrue)
		return nil
	case kindFalse:
		w.op(opNewFalse)
		return nil
	case kindFloat:
		w.float(n.float())
		return nil
	case kindInt, kindBig, kindBigText:
		w.number(n)
		return nil
	}

	o := nodeID(r, n)
	switch n.kind {
	case kindStr:
		w.text(o, a.str(n))
		return nil
	case kindStr2:
		w.str2(o, a.str(n))
		return nil
	case kindBytes:
		w.bytes(o, a.str(n))
		return nil
	case kindByteArray:
		w.byteArray(o, a.str(n))
		return nil
	}
	if w.got(o) {
		return nil
	}
	if err := w.deeper(); err != nil {
		return err
	}
	err := w.containerNode(o, n)
	w.depth--
	return err
}

// containerNode writes a node that holds others, or a global.
func (w *writer) containerNode(o id, n *node) error {
	a := w.a
	var items things
	if n.kind >= kindList && n.kind < kindObject {
		items.refs = a.held(n)
	}
	switch n.kind {
	case kindList:
		return w.list(o, items)
	case kindTuple:
		return w.tuple(o, items)
	case kindSet:
		return w.set(o, items)
	case kindFrozenSet:
		return w.frozenSet(o, items)
	case kindDict:
		w.op(opEmptyDict)
		w.put(o)
		return w.batchedPairs(batchDict, items.refs)
	case kindGlobal:
		return w.globalNode(o, n)
	}
	return w.objectNode(o, &a.objs[n.a])
}

// number writes an int as it was written, which is not the shortest way for Python 2's
// long, or as CPython writes it in this protocol.
func (w *writer) number(n *node) {
	switch {
	case w.same:
		op := w.a.text[n.c]
		length := argumentLength(w.a.text[n.c+1:], forms[op].arg)
		w.dst = append(w.dst, w.a.text[n.c:int(n.c)+1+length]...)
	case n.kind == kindInt:
		w.int(n.int())
	default:
		w.bigInt(w.a.bigInt(n))
	}
}

func (w *writer) globalNode(o id, n *node) error {
	if n.flags&flagStackGlobal == 0 {
		module, name := w.a.global(n)
		w.op(opGlobal)
		w.dst = append(append(w.dst, module...), '\n')
		w.dst = append(append(w.dst, name...), '\n')
		w.put(o)
		return nil
	}
	if err := w.node(ref(n.a)); err != nil {
		return err
	}
	if err := w.node(ref(n.b)); err != nil {
		return err
	}
	w.op(opStackGlobal)
	w.put(o)
	return nil
}

func (w *writer) objectNode(o id, obj *object) error {
	a := w.a
	args := &a.nodes[obj.args]
	c := call{
		how:    obj.how,
		class:  aNode(obj.class),
		args:   things{refs: a.held(args)},
		argsID: id{k: uint64(idUnmemoised)},
		kwargs: aNode(obj.kwargs),
		list:   things{refs: a.heldRun(obj.list)},
		built:  obj.built,
		state:  aNode(obj.state),
		setter: aNode(obj.setter),
	}
	switch {
	case args.flags&flagShared != 0:
		c.argsID = newID(idNode, nil, int(obj.args))
	case args.flags&flagMemoised != 0:
		c.argsID = freshID
	}
	if obj.dict.n > 0 {
		c.pairs = func() error { return w.batchedPairs(batchDictItems, a.heldRun(obj.dict)) }
	}
	return w.object(o, &c)
}

// nodeID is the identity of a node. Python 2 assigns no number to an object that it will
// not meet again.
func nodeID(r ref, n *node) id {
	if n.flags&flagMemoised == 0 {
		return id{k: uint64(idUnmemoised)}
	}
	return newID(idNode, nil, int(r))
}
