// What both houses share asks for the node by this name.
global using Node = Cluster.Next.Server.Nodes.Node;
